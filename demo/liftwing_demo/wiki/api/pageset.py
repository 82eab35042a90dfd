"""Which pages and revisions a query is about."""

from dataclasses import dataclass, field
from typing import Any

from liftwing_demo.wiki.api.params import ApiError, Params
from liftwing_demo.wiki.api.shape import Keyed
from liftwing_demo.wiki.namespaces import namespace_of
from liftwing_demo.wiki.records import Page
from liftwing_demo.wiki.store import WikiStore

SOURCES = ("titles", "pageids", "revids")


@dataclass(slots=True)
class PageSet:
    """The pages asked for, by id and in order of it, and what was not found.

    `rev_ids` holds the revisions asked for by id that exist; it is empty when the pages were
    asked for by title or by page id, and the last revision of each is meant.
    """

    pages: dict[int, Page] = field(default_factory=dict)
    rev_ids: list[int] = field(default_factory=list)
    by_revision: bool = False
    missing_rev_ids: list[int] = field(default_factory=list)
    missing_page_ids: list[int] = field(default_factory=list)
    missing_titles: list[str] = field(default_factory=list)
    normalized: dict[str, str] = field(default_factory=dict)

    def notes(self) -> dict[str, Any]:
        """What the result says about the question: `normalized` and `badrevids`."""
        notes: dict[str, Any] = {}
        if self.normalized:
            notes["normalized"] = [
                {"fromencoded": False, "from": given, "to": title}
                for given, title in self.normalized.items()
            ]
        if self.missing_rev_ids:
            notes["badrevids"] = {
                rev_id: {"revid": rev_id, "missing": True} for rev_id in self.missing_rev_ids
            }
        return notes

    def documents(self) -> Keyed:
        """One document for each page, the missing ones first as MediaWiki has them."""
        documents = Keyed()
        for index, title in enumerate(self.missing_titles, start=1):
            documents[-index] = {
                "ns": namespace_of(title),
                "title": title,
                "missing": True,
            }
        for page_id in self.missing_page_ids:
            documents[page_id] = {"pageid": page_id, "missing": True}
        for page in self.pages.values():
            documents[page.page_id] = {
                "pageid": page.page_id,
                "ns": page.namespace,
                "title": page.title,
            }
        return documents


def read_page_set(store: WikiStore, params: Params) -> PageSet:
    """The pages that `titles`, `pageids` or `revids` name.

    Raises:
        ApiError: more than one of them was given, or a value is no integer, or too many are.
    """
    titles = params.many("titles")
    page_ids = params.integers("pageids")
    rev_ids = params.integers("revids")
    given = [name for name, values in zip(SOURCES, (titles, page_ids, rev_ids)) if values]
    if len(given) > 1:
        raise ApiError("multisource", f'Cannot use "{given[1]}" at the same time as "{given[0]}".')
    if rev_ids:
        return _of_revisions(store, rev_ids)
    if page_ids:
        return _of_page_ids(store, page_ids)
    return _of_titles(store, titles) if titles else PageSet()


def normal_title(given: str) -> str:
    """A title with spaces for underscores and capitals where MediaWiki wants them."""
    title = " ".join(given.replace("_", " ").split())
    prefix, colon, rest = title.partition(":")
    if colon and namespace_of(_capital(title)):
        return f"{_capital(prefix)}:{_capital(rest.lstrip())}"
    return _capital(title)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _of_revisions(store: WikiStore, rev_ids: list[int]) -> PageSet:
    found = store.revisions(rev_ids)
    page_ids = sorted({revision.page_id for revision in found.values()})
    pages = store.pages(page_ids)
    return PageSet(
        pages={page_id: pages[page_id] for page_id in page_ids},
        rev_ids=sorted(found),
        by_revision=True,
        missing_rev_ids=[rev_id for rev_id in rev_ids if rev_id not in found],
    )


def _of_page_ids(store: WikiStore, page_ids: list[int]) -> PageSet:
    pages = store.pages(page_ids)
    return PageSet(
        pages=dict(sorted(pages.items())),
        missing_page_ids=[page_id for page_id in page_ids if page_id not in pages],
    )


def _of_titles(store: WikiStore, given: list[str]) -> PageSet:
    normal = {title: normal_title(title) for title in given}
    wanted = list(dict.fromkeys(normal.values()))
    found = store.pages_titled(wanted)
    return PageSet(
        pages={page.page_id: page for page in sorted(found.values(), key=lambda p: p.page_id)},
        missing_titles=[title for title in wanted if title not in found],
        normalized={given: title for given, title in normal.items() if given != title},
    )
