"""Which pages and revisions a query is about."""

from dataclasses import dataclass, field
from typing import Any

from liftwing_demo.wiki.api.params import ApiError, Params
from liftwing_demo.wiki.api.shape import Keyed
from liftwing_demo.wiki.namespaces import Namespaces
from liftwing_demo.wiki.records import Page
from liftwing_demo.wiki.store import WikiStore
from liftwing_demo.wiki.titles import BadTitle, Title, parse_title

MODULE = "query"
SOURCES = ("titles", "pageids", "revids")
MEDIA = -2


@dataclass(slots=True)
class PageSet:
    """The pages asked for by id, in MediaWiki's order, and what was not found.

    `rev_ids` holds the revisions asked for by id that exist; it is empty when the pages were
    asked for by title or by page id, and the last revision of each is meant.
    """

    pages: dict[int, Page] = field(default_factory=dict)
    rev_ids: list[int] = field(default_factory=list)
    by_revision: bool = False
    missing_rev_ids: list[int] = field(default_factory=list)
    absent: Keyed = field(default_factory=Keyed)
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
        """One document for each page, those that do not exist first as MediaWiki has them."""
        documents = Keyed(self.absent)
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
    titles = params.many(MODULE, "titles")
    page_ids = params.integers(MODULE, "pageids")
    rev_ids = params.integers(MODULE, "revids")
    given = [
        name for name, values in zip(SOURCES, (titles, page_ids, rev_ids)) if values is not None
    ]
    if len(given) > 1:
        raise ApiError(
            "multisource", f'The "{given[1]}" parameter cannot be used with "{given[0]}".'
        )
    if rev_ids:
        return _of_revisions(store, rev_ids)
    if page_ids:
        return _of_page_ids(store, page_ids)
    return _of_titles(store, titles) if titles else PageSet()


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
    missing = (page_id for page_id in page_ids if page_id not in pages)
    return PageSet(
        pages=dict(sorted(pages.items())),
        absent=Keyed({page_id: {"pageid": page_id, "missing": True} for page_id in missing}),
    )


def _of_titles(store: WikiStore, given: list[str]) -> PageSet:
    titles, invalid = _parsed(given, store.site().namespaces)
    named = {title.full: title for title in titles.values() if title.name}
    found = store.pages_titled(list(named))
    absent = [title for full, title in named.items() if full not in found]
    in_order = sorted(found.values(), key=lambda page: (page.namespace, page.title))
    return PageSet(
        pages={page.page_id: page for page in in_order},
        absent=_absent(invalid, absent),
        normalized={text: title.full for text, title in titles.items() if text != title.full},
    )


def _parsed(given: list[str], known: Namespaces) -> tuple[dict[str, Title], dict[str, str]]:
    """The titles by how they were given, and for those that cannot be the reason."""
    titles: dict[str, Title] = {}
    invalid: dict[str, str] = {}
    for text in given:
        try:
            titles[text] = parse_title(text, known=known)
        except BadTitle as error:
            invalid[text] = str(error)
    return titles, invalid


def _absent(invalid: dict[str, str], titles: list[Title]) -> Keyed:
    """Documents under -1 and below, numbered as MediaWiki does: by namespace of first mention."""
    documents: list[dict[str, Any]] = [
        {"title": text, "invalidreason": reason, "invalid": True}
        for text, reason in invalid.items()
    ]
    documents += [_special(title) for title in titles if title.namespace < 0]
    missing = [title for title in titles if title.namespace >= 0]
    for namespace in dict.fromkeys(title.namespace for title in missing):
        documents += [
            {"ns": namespace, "title": title.full, "missing": True}
            for title in missing
            if title.namespace == namespace
        ]
    return Keyed({-number: document for number, document in enumerate(documents, start=1)})


def _special(title: Title) -> dict[str, Any]:
    document = {"ns": title.namespace, "title": title.full, "special": True}
    return document | ({"missing": True} if title.namespace == MEDIA else {})
