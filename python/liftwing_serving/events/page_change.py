"""Which page an incoming event is about, and what its prediction's event takes over from it.

The events are of the schemas mediawiki/revision/create 1 and 2 and mediawiki/page/change 1
(https://schema.wikimedia.org). Pure functions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from liftwing_serving.errors import BadRequest
from liftwing_serving.events.values import (
    PAGE_CHANGE,
    REVISION_CREATE,
    flag,
    integer,
    moment,
    object_of,
    text,
    texts,
    uri,
    with_schema,
)
from liftwing_serving.fields import shown

Shape = Mapping[str, "Callable[[object], Any] | Shape"]


def _free_text(value: object) -> str | None:
    """A text that may be empty, such as a comment."""
    return "" if value == "" else text(value)


def _one_of(*allowed: str) -> Callable[[object], str | None]:
    return lambda value: value if isinstance(value, str) and value in allowed else None


_count = functools.partial(integer, lowest=0)
_id = functools.partial(integer, lowest=1)

USER: Shape = {
    "edit_count": _count,
    "groups": texts,
    "is_bot": flag,
    "is_system": flag,
    "is_temp": flag,
    "registration_dt": moment,
    "user_central_id": _count,
    "user_id": _count,
    "user_text": text,
    "wiki_id": text,
}
PAGE: Shape = {
    "page_id": _id,
    "page_title": text,
    "is_redirect": flag,
    "namespace_id": _count,
    "namespace_is_content": flag,
    "revision_count": _count,
}
LINK: Shape = {
    "interwiki_prefix": _free_text,
    "is_redirect": flag,
    "namespace_id": _count,
    "page_id": _count,
    "page_title": text,
}
REVISION: Shape = {
    "rev_id": _id,
    "rev_dt": moment,
    "comment": _free_text,
    "is_comment_visible": flag,
    "is_content_visible": flag,
    "is_editor_visible": flag,
    "is_minor_edit": flag,
    "rev_parent_id": _count,
    "rev_sha1": _free_text,
    "rev_size": _count,
    "editor": USER,
}
CHANGE: Shape = {
    "changelog_kind": _one_of("insert", "update", "delete"),
    "page_change_kind": _one_of(
        "create", "undelete", "edit", "move", "delete", "visibility_change"
    ),
    "dt": moment,
    "meta": {"domain": text, "request_id": text, "uri": uri},
    "wiki_id": text,
    "page": {**PAGE, "redirect_page_link": LINK},
    "revision": REVISION,
    "comment": _free_text,
    "performer": USER,
    "prior_state": {"page": PAGE, "revision": REVISION},
    "created_redirect_page": PAGE,
}
# What a prediction's event must have, by the path in the event.
REQUIRED = (
    "changelog_kind",
    "page_change_kind",
    "dt",
    "wiki_id",
    "page.page_id",
    "page.page_title",
    "revision.rev_id",
    "revision.rev_dt",
)


@dataclass(frozen=True, slots=True)
class PageEvent:
    """The page of an event; `database` is its wiki's database name.

    `change` holds the leaves that the prediction's event takes over, each as the schema allows it;
    it is None for an event that becomes none.
    """

    database: str
    page_title: str
    change: Mapping[str, Any] | None = None


def parse_page_event(event: object) -> PageEvent:
    """The page that an event tells of. Raises BadRequest, which names the wrong field."""
    event, schema = with_schema(event)
    if REVISION_CREATE.match(schema):
        return PageEvent(_required_text(event, "database"), _required_text(event, "page_title"))
    if not PAGE_CHANGE.match(schema):
        raise BadRequest(
            f"Unsupported event of schema {shown(schema)}, the page cannot be determined."
        )
    change = carried(event, CHANGE)
    for path in REQUIRED:
        if _at(change, path) is None:
            raise BadRequest(f'Expected "{path}" of the event, as its schema has it.')
    redirect = change.get("created_redirect_page", {})
    if not {"page_id", "page_title"} <= redirect.keys():
        change.pop("created_redirect_page", None)
    return PageEvent(change["wiki_id"], change["page"]["page_title"], change)


def carried(value: object, shape: Shape) -> dict[str, Any]:
    """The leaves of an object that the shape names and finds right, at their places."""
    given = object_of(value)
    found = {
        name: leaf(given[name]) if callable(leaf) else carried(given[name], leaf)
        for name, leaf in shape.items()
        if name in given
    }
    return {name: part for name, part in found.items() if part is not None and part != {}}


def _at(fields: Mapping[str, Any], path: str) -> object:
    value: object = fields
    for name in path.split("."):
        value = object_of(value).get(name)
    return value


def _required_text(event: Mapping[str, Any], field: str) -> str:
    value = text(event.get(field))
    if value is None:
        raise BadRequest(f'Expected "{field}" of the event to be a string.')
    return value
