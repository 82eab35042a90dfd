"""The articles of the demo wiki and their drafts, as examples for models of texts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from liftwing_demo.wiki.drafts import GOOD_DRAFT, GROWING_DRAFT
from liftwing_demo.wiki.store import WikiStore

MAX_BYTES = 100_000
"""Longer articles are left out; each would take about a second."""
_CATEGORY = re.compile(r"\[\[Category:([^\]|]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """A text about a subject, which the article's title names. `kind` is the kind of edit."""

    rev_id: int
    subject: str
    kind: str
    text: str


def read_texts(store: WikiStore) -> Iterator[Text]:
    """The articles as imported and the drafts of them, by revision id.

    A wiki with a shorter history has fewer drafts, and then fewer articles are taken too.
    """
    kinds = {labels.rev_id: labels.kind for labels in store.labels()}
    wanted = [
        revision
        for revision in store.all_revisions()
        if kinds[revision.rev_id] in ("import", GOOD_DRAFT, GROWING_DRAFT)
        and revision.size <= MAX_BYTES
    ]
    pages = store.pages(sorted({revision.page_id for revision in wanted}))
    limit = int(store.meta()["revisions"])
    taken = 0
    for revision in wanted:
        is_article = kinds[revision.rev_id] == "import"
        if is_article and taken >= limit:
            continue
        taken += is_article
        title = pages[revision.page_id].title.removeprefix("Draft:")
        text = store.revisions([revision.rev_id], with_text=True)[revision.rev_id].text or ""
        yield Text(revision.rev_id, title, kinds[revision.rev_id], text)


def categories(store: WikiStore) -> dict[str, list[str]]:
    """The categories of every article as it is now, by title."""
    pages = store.pages(sorted({revision.page_id for revision in store.all_revisions()}))
    articles = [page_id for page_id, page in pages.items() if page.namespace == 0]
    latest = store.latest_revisions(articles, with_text=True)
    return {
        pages[page_id].title: _CATEGORY.findall(revision.text or "")
        for page_id, revision in latest.items()
    }
