"""The demo wiki's articles as examples: the items that they link to, and their topics."""

from collections.abc import Iterator
from dataclasses import dataclass

from liftwing_demo.training.suites.articles import categories
from liftwing_demo.training.suites.topic import topics_of
from liftwing_demo.wiki.api import answer
from liftwing_demo.wiki.store import WikiStore

MAX_ITEMS = 1000
"""As many as the transformer asks for."""


@dataclass(frozen=True, slots=True)
class Example:
    """An article by title; `items` are QIDs, `topics` may be none."""

    title: str
    items: list[str]
    topics: list[str]


def read_examples(store: WikiStore) -> Iterator[Example]:
    """The articles by title, less those that link to nothing."""
    for title, names in sorted(categories(store).items()):
        items = items_of(store, title)
        if items:
            yield Example(title, items, topics_of(names))


def items_of(store: WikiStore, title: str) -> list[str]:
    """What the transformer finds for a page: asked in the same way, answered without a server."""
    query = {
        "action": "query",
        "format": "json",
        "formatversion": "2",
        "generator": "links",
        "titles": title,
        "redirects": "1",
        "gplnamespace": "0",
        "gpllimit": "max",
        "prop": "pageprops",
        "ppprop": "wikibase_item",
    }
    items: dict[str, None] = {}
    further: dict[str, str] = {}
    while len(items) < MAX_ITEMS:
        document = answer(store, query | further)
        for page in document.get("query", {}).get("pages", []):
            if item := page.get("pageprops", {}).get("wikibase_item"):
                items[item] = None
        if "continue" not in document:
            break
        further = {name: str(value) for name, value in document["continue"].items()}
    return list(items)[:MAX_ITEMS]
