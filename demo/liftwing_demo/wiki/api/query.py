"""action=query: the modules it knows, and how their answers go together."""

from collections.abc import Callable
from typing import Any

from liftwing_demo.wiki.api.links import MOST, linked_titles
from liftwing_demo.wiki.api.pageprops import pageprops
from liftwing_demo.wiki.api.pageset import PageSet, of_titles, read_page_set
from liftwing_demo.wiki.api.params import ApiError, Params
from liftwing_demo.wiki.api.revisions import revisions
from liftwing_demo.wiki.api.room import Room
from liftwing_demo.wiki.api.siteinfo import siteinfo
from liftwing_demo.wiki.api.users import users
from liftwing_demo.wiki.store import WikiStore

MODULE = "query"

PROPS: dict[str, Callable[[WikiStore, Params, PageSet, Room], dict[int, dict[str, Any]]]] = {
    "pageprops": pageprops,
    "revisions": revisions,
}
"""Each adds fields to the documents of pages, given by page id."""

LISTS: dict[str, Callable[[WikiStore, Params], list[dict[str, Any]]]] = {
    "users": users,
}
"""Each answers a list that goes under the module's own name."""

METAS: dict[str, Callable[[WikiStore, Params], dict[str, Any]]] = {
    "siteinfo": siteinfo,
}
"""Each answers fields of `query`."""


def query(store: WikiStore, params: Params) -> dict[str, Any]:
    """The result of a query.

    Raises:
        ApiError: a parameter is malformed.
    """
    for ignored in ("continue", "rawcontinue"):
        params.text(ignored)
    props = params.options(MODULE, "prop", PROPS)
    lists = params.options(MODULE, "list", LISTS)
    metas = params.options(MODULE, "meta", METAS)
    pages, further = _pages(store, params)
    result = pages.notes()
    documents = pages.documents()
    room = Room(params)
    room.take([result, documents])
    for name in props:
        for page_id, fields in PROPS[name](store, params, pages, room).items():
            documents[page_id] |= fields
    if documents:
        result["pages"] = documents
    for name in lists:
        result[name] = LISTS[name](store, params)
    for name in metas:
        result |= METAS[name](store, params)
    whole: dict[str, Any] = {"query": result} if result else {}
    if params.text("gpllimit") == "max" and _generates(params):
        whole["limits"] = {"links": MOST}
    if room.rest:
        return {"continue": room.rest | {"continue": "||"}} | whole
    if further:
        place = further | {"continue": "|".join(further) + "||"}
        return {"batchcomplete": True, "continue": place} | whole
    return {"batchcomplete": True} | whole


def _pages(store: WikiStore, params: Params) -> tuple[PageSet, dict[str, str]]:
    """The pages in question, and the parameters by which a generator goes on."""
    pages = read_page_set(store, params)
    if not _generates(params):
        return pages, {}
    titles, further = linked_titles(store, params, list(pages.pages.values()))
    return of_titles(store, titles, params.text("redirects") is not None), further


def _generates(params: Params) -> bool:
    """Whether a generator makes the pages. Raises ApiError for one that this wiki has not."""
    generator = params.text("generator")
    if generator not in (None, "links"):
        raise ApiError("badgenerator", f'Unknown "generator={generator}".')
    return generator is not None
