"""The pages around the articles, of which there are the titles only, and every page's item.

The articles' links lead to them. Most have an item, some are redirects, some do not exist. All of
it follows from the titles alone, so that the same title has the same item in every wiki.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from unicodedata import normalize

from liftwing_demo.wiki.articles import Article
from liftwing_demo.wiki.records import Page
from liftwing_demo.wiki.titles import capital

FIRST_NEIGHBOUR_ID = 30_000_001
FIRST_ITEM, ITEMS = 100_000_001, 90_000_000
PERCENT_MISSING, PERCENT_WITHOUT_ITEM, PERCENT_TO_SECTION = 4, 3, 25
ODD_REDIRECTS = {
    "AlbertEinstein": "Albert Einstein",
    "Einstein, Albert": "AlbertEinstein",
    "Roundabout way": "Way around",
    "Way around": "Roundabout way",
    "Signpost to nowhere": "Nowhere at all",
}
"""To an article, to a redirect, in a circle, and to a page that does not exist."""
# Only titles that cannot mean anything else; a colon makes some a link to another wiki.
_LINK = re.compile(r"\[\[([^\[\]|#{}<>&%_~:/\n\x00-\x1f\x7f\u200e\u200f]{1,80})[|#\]]")
_SPACES = re.compile(r"\s+")


def neighbourhood(articles: Iterable[Article], pages: Sequence[Page]) -> Iterator[Page]:
    """These pages with their items, then the pages that the articles link to and that lack."""
    articles = list(articles)
    taken = {page.title for page in pages} | {article.title for article in articles}
    titles = linked_titles(articles) | ODD_REDIRECTS.keys()
    fates = _Fates()
    for page in pages:
        has_item = page.namespace == 0 and page.content_model == "wikitext"
        yield replace(page, item=fates.of(page.title).item) if has_item else page
    redirects = _redirects(titles | taken) | ODD_REDIRECTS
    for number, title in enumerate(sorted(titles - taken)):
        page_id, fate = FIRST_NEIGHBOUR_ID + 3 * number, fates.of(title)
        if title in redirects:
            section = "History" if fate.to_section else ""
            yield Page(page_id, 0, title, redirect=redirects[title], section=section)
        elif not fate.missing:
            yield Page(page_id, 0, title, item=None if fate.without_item else fate.item)


def linked_titles(articles: Iterable[Article]) -> set[str]:
    """The titles of articles that these link to, as far as that is plain to see."""
    found = {match[1] for article in articles for match in _LINK.finditer(article.text)}
    titles = {normalize("NFC", capital(_SPACES.sub(" ", title).strip())) for title in found}
    return {title for title in titles if title and "." not in (title, title[:1])}


def _redirects(titles: Iterable[str]) -> dict[str, str]:
    """Targets by title: the plural leads to the singular, any other spelling to the first one."""
    known = sorted(titles)
    first_spelling: dict[str, str] = {}
    for title in known:
        first_spelling.setdefault(title.lower(), title)
    targets: dict[str, str] = {}
    for title in known:
        if title != first_spelling[title.lower()]:
            targets[title] = first_spelling[title.lower()]
        elif title.endswith("s") and title[:-1].lower() in first_spelling:
            targets[title] = first_spelling[title[:-1].lower()]
    return targets


@dataclass(frozen=True, slots=True)
class _Fate:
    """What is made up of a title."""

    item: str
    missing: bool
    without_item: bool
    to_section: bool


class _Fates:
    """Always the same for the same title; no two titles share an item."""

    def __init__(self) -> None:
        self._given: set[int] = set()

    def of(self, title: str) -> _Fate:
        digest = sha256(title.encode()).digest()
        number = int.from_bytes(digest[:8]) % ITEMS
        while number in self._given:
            number = (number + 1) % ITEMS
        self._given.add(number)
        first, second, third = (byte * 100 // 256 for byte in digest[8:11])
        return _Fate(
            f"Q{FIRST_ITEM + number}",
            first < PERCENT_MISSING,
            second < PERCENT_WITHOUT_ITEM,
            third < PERCENT_TO_SECTION,
        )
