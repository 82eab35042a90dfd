"""prop=revisions: revisions by id, or the last one of each page."""

from collections import defaultdict
from typing import Any

from liftwing_demo.wiki.api.pageset import PageSet
from liftwing_demo.wiki.api.params import ApiError, Params
from liftwing_demo.wiki.api.room import Room
from liftwing_demo.wiki.api.shape import CONTENT, Object
from liftwing_demo.wiki.records import Page, Revision
from liftwing_demo.wiki.store import WikiStore

MODULE = "revisions"
PROPERTIES = (
    *("ids", "flags", "timestamp", "user", "userid", "size", "slotsize", "sha1", "slotsha1"),
    *("contentmodel", "comment", "content", "tags", "roles"),
)
IN_SLOTS = frozenset({"slotsize", "slotsha1", "contentmodel", "content"})
DEFAULT_PROPERTIES = ("ids", "timestamp", "flags", "comment", "user")
_FORMATS = {"wikitext": "text/x-wiki", "json": "application/json", "css": "text/css"}
_FORMATS["wikibase-item"] = "application/json"
_ANNOUNCEMENTS = (
    "Subscribe to the mediawiki-api-announce mailing list at "
    "<https://lists.wikimedia.org/postorius/lists/mediawiki-api-announce.lists.wikimedia.org/> "
    "for notice of API deprecations and breaking changes."
)
_LEGACY = (
    'Because "rvslots" was not specified, a legacy format has been used for the output. '
    "This format is deprecated, and in the future the new format will always be used."
)


def revisions(
    store: WikiStore, params: Params, pages: PageSet, room: Room
) -> dict[int, dict[str, Any]]:
    """`{"revisions": [...]}` for each page of the set, as far as there is room.

    Raises:
        ApiError: rvlimit together with several pages, or a parameter is malformed.
    """
    properties = set(params.options(MODULE, "rvprop", PROPERTIES, DEFAULT_PROPERTIES))
    slots = _slots(params)
    _check_limit(params, pages)
    begin = params.text("rvcontinue")
    if not pages.pages:
        return {}
    if slots is None and properties & IN_SLOTS:
        params.warn("main", _ANNOUNCEMENTS)
        params.warn(MODULE, _LEGACY)
    documents: defaultdict[int, dict[str, Any]] = defaultdict(lambda: {"revisions": []})
    for place, revision in _wanted(store, pages, begin, "content" in properties):
        page = pages.pages[revision.page_id]
        document = _revision(revision, page, properties, slots)
        if not room.take(document):
            room.rest["rvcontinue"] = place
            break
        documents[page.page_id]["revisions"].append(document)
    return dict(documents)


def _wanted(
    store: WikiStore, pages: PageSet, begin: str | None, with_text: bool
) -> list[tuple[int | str, Revision]]:
    """The revisions in MediaWiki's order, each with the `rvcontinue` that begins with it."""
    if pages.by_revision:
        found = sorted(store.revisions(pages.rev_ids, with_text).values(), key=_rev_id)
        least = _numbers(begin, 1)
        return [(item.rev_id, item) for item in found if (item.rev_id,) >= least]
    latest = store.latest_revisions(list(pages.pages), with_text)
    least = _numbers(begin, 2)
    return [
        (f"{page_id}|{item.rev_id}", item)
        for page_id, item in sorted(latest.items())
        if (page_id, item.rev_id) >= least
    ]


def _numbers(begin: str | None, count: int) -> tuple[int, ...]:
    """The numbers of an `rvcontinue`; none if there is none."""
    if begin is None:
        return ()
    parts = begin.split("|")
    if len(parts) != count or not all(part.isdecimal() for part in parts):
        raise ApiError(
            "badcontinue",
            "Invalid continue param. You should pass the original value returned by the previous "
            "query.",
        )
    return tuple(map(int, parts))


def _rev_id(revision: Revision) -> int:
    return revision.rev_id


def _slots(params: Params) -> list[str] | None:
    if params.text("rvslots") is None:
        return None
    if params.text("rvslots") == "*":
        return ["main"]
    return params.options(MODULE, "rvslots", ("main",))


def _check_limit(params: Params, pages: PageSet) -> None:
    if params.text("rvlimit") is None:
        return
    if pages.by_revision:
        raise ApiError(
            "invalidparammix",
            'The "revids" parameter may not be used with the list options ("rvlimit", '
            '"rvstartid", "rvendid", "rvdir=newer", "rvuser", "rvexcludeuser", "rvstart", and '
            '"rvend").',
        )
    if params.text("rvlimit") != "1":
        raise ApiError("badvalue", 'This wiki knows "rvlimit" with the value 1 only.')


def _revision(
    revision: Revision, page: Page, properties: set[str], slots: list[str] | None
) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if "ids" in properties:
        document |= {"revid": revision.rev_id, "parentid": revision.parent_id}
    if "flags" in properties:
        document["minor"] = revision.minor
    document |= _editor(revision, properties)
    if "timestamp" in properties:
        document["timestamp"] = revision.timestamp
    if "size" in properties:
        document["size"] = revision.size
    if "sha1" in properties:
        document |= _sha1(revision)
    if "roles" in properties:
        document["roles"] = ["main"]
    document |= _content(revision, page, properties, slots)
    document |= _comment(revision, properties)
    if "tags" in properties:
        document["tags"] = list(revision.tags)
    return document


def _editor(revision: Revision, properties: set[str]) -> dict[str, Any]:
    if not properties & {"user", "userid"}:
        return {}
    if revision.hidden.user:
        return {"userhidden": True}
    document: dict[str, Any] = {}
    if "user" in properties:
        document["user"] = revision.user_name
    if revision.user_id == 0:
        document["anon"] = True
    if "userid" in properties:
        document["userid"] = revision.user_id
    return document


def _sha1(revision: Revision) -> dict[str, Any]:
    if revision.hidden.text:
        return {"sha1hidden": True}
    return {"sha1": f"{int(revision.sha1, 36):040x}"}


def _comment(revision: Revision, properties: set[str]) -> dict[str, Any]:
    if "comment" not in properties:
        return {}
    if revision.hidden.comment:
        return {"commenthidden": True}
    return {"comment": revision.comment}


def _content(
    revision: Revision, page: Page, properties: set[str], slots: list[str] | None
) -> dict[str, Any]:
    if not properties & IN_SLOTS:
        return {}
    if slots is None:
        return _slot(revision, page, properties)
    slot = Object(_slot(revision, page, properties))
    return {"slots": Object({"main": slot} if slots else {})}


def _slot(revision: Revision, page: Page, properties: set[str]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if "slotsize" in properties:
        document["size"] = revision.size
    if "slotsha1" in properties:
        document |= _sha1(revision)
    if "contentmodel" in properties:
        document["contentmodel"] = page.content_model
    if "content" in properties:
        document |= _text(revision, page)
    return document


def _text(revision: Revision, page: Page) -> dict[str, Any]:
    if revision.hidden.text:
        return {"texthidden": True}
    return {
        "contentmodel": page.content_model,
        "contentformat": _FORMATS[page.content_model],
        CONTENT: revision.text or "",
    }
