"""Which revision an incoming event is about, and what else it tells. Pure functions.

The events are of the schemas mediawiki/revision/create 1 and 2 and mediawiki/page/change 1
(https://schema.wikimedia.org).

What a score needs, the wiki and the revision, must be there and be right. Of the rest only what the
schema of the produced event allows is carried over: a part that is missing, of another type or of
an impossible value is left out, so that the produced event is valid whatever came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from liftwing_serving.errors import BadRequest
from liftwing_serving.events.values import (
    MAX_EVENT_BYTES,
    PAGE_CHANGE,
    REVISION_CREATE,
    flag,
    integer,
    moment,
    object_of,
    text,
    texts,
    too_large,
    uri,
    with_schema,
)
from liftwing_serving.fields import MAX_INTEGER, positive_integer, shown

# What a score event has beside its source; 64 topics, all predicted, take 7,500.
SCORE_BYTES = 10_000
# Kinds of page_change events.
HIDING = ("delete", "visibility_change")
MAX_SOURCE_BYTES = MAX_EVENT_BYTES - SCORE_BYTES


@dataclass(frozen=True, slots=True)
class Performer:
    """Who made the change, as far as the event says so."""

    user_text: str | None = None
    user_groups: tuple[str, ...] | None = None
    user_is_bot: bool | None = None


@dataclass(frozen=True, slots=True)
class EventSource:
    """What is taken over from an incoming event of either kind; None stands for what it lacks.

    `database` is the wiki's database name, `dt` when the change happened; times are those of
    RFC 3339 in UTC, ending in Z. Sizes are in bytes. `may_hide` says that the change may have
    hidden or deleted the revision.
    """

    database: str
    rev_id: int
    dt: str | None = None
    page_id: int | None = None
    page_title: str | None = None
    page_namespace: int | None = None
    page_is_redirect: bool | None = None
    rev_timestamp: str | None = None
    rev_parent_id: int | None = None
    rev_size: int | None = None
    parent_size: int | None = None
    performer: Performer | None = None
    request_id: str | None = None
    domain: str | None = None
    uri: str | None = None
    may_hide: bool = False


def parse_event(event: object, wiki: str) -> EventSource:
    """What a score event needs of an incoming one, which must be of this server's `wiki`.

    `wiki` is a database name. Raises BadRequest, which names the wrong field.
    """
    event, schema = with_schema(event)
    if REVISION_CREATE.match(schema):
        return _bounded(_from_revision_create(event, _database(event, "database", wiki)))
    if PAGE_CHANGE.match(schema):
        return _bounded(_from_page_change(event, _database(event, "wiki_id", wiki)))
    raise BadRequest(
        f"Unsupported event of schema {shown(schema)}, the rev_id value cannot be determined."
    )


def _from_revision_create(event: dict[str, Any], database: str) -> EventSource:
    rev_timestamp = moment(event.get("rev_timestamp"))
    performer = object_of(event.get("performer"))
    return EventSource(
        database=database,
        rev_id=positive_integer(event, "rev_id"),
        # Version 1 has no time of its own, and in version 2 it is the revision's.
        dt=rev_timestamp,
        page_id=integer(event.get("page_id"), 1),
        page_title=text(event.get("page_title")),
        page_namespace=integer(event.get("page_namespace"), -MAX_INTEGER),
        page_is_redirect=flag(event.get("page_is_redirect")),
        rev_timestamp=rev_timestamp,
        rev_parent_id=integer(event.get("rev_parent_id"), 0),
        rev_size=integer(event.get("rev_len"), 0),
        performer=_performer(performer, "user_groups", "user_is_bot"),
        **_origin(event),
    )


def _from_page_change(event: dict[str, Any], database: str) -> EventSource:
    revision = event.get("revision")
    if not isinstance(revision, dict):
        raise BadRequest('Expected "revision" of the event to be a JSON object.')
    page = object_of(event.get("page"))
    parent = object_of(object_of(event.get("prior_state")).get("revision"))
    performer = object_of(event.get("performer"))
    return EventSource(
        database=database,
        rev_id=positive_integer(revision, "rev_id"),
        dt=moment(event.get("dt")),
        page_id=integer(page.get("page_id"), 1),
        page_title=text(page.get("page_title")),
        page_namespace=integer(page.get("namespace_id"), -MAX_INTEGER),
        page_is_redirect=flag(page.get("is_redirect")),
        rev_timestamp=moment(revision.get("rev_dt")),
        rev_parent_id=integer(revision.get("rev_parent_id"), 0),
        rev_size=integer(revision.get("rev_size"), 0),
        parent_size=integer(parent.get("rev_size"), 0),
        may_hide=event.get("page_change_kind") in HIDING,
        performer=_performer(performer, "groups", "is_bot"),
        **_origin(event),
    )


def _bounded(source: EventSource) -> EventSource:
    """The source if its score event can be sent. Raises BadRequest."""
    if len(orjson.dumps(source)) > MAX_SOURCE_BYTES:
        raise too_large()
    return source


def _database(event: dict[str, Any], field: str, wiki: str) -> str:
    value = event.get(field)
    if not isinstance(value, str):
        raise BadRequest(f'Expected "{field}" of the event to be a string.')
    if value != wiki:
        raise BadRequest(f"Event of wiki {shown(value)} sent to a server of {wiki}.")
    return value


def _origin(event: dict[str, Any]) -> dict[str, Any]:
    """The fields of `meta` that identify the change and are carried over."""
    meta = object_of(event.get("meta"))
    return {
        "request_id": text(meta.get("request_id")),
        "domain": text(meta.get("domain")),
        "uri": uri(meta.get("uri")),
    }


def _performer(fields: dict[str, Any], groups: str, is_bot: str) -> Performer | None:
    performer = Performer(
        text(fields.get("user_text")), texts(fields.get(groups)), flag(fields.get(is_bot))
    )
    return performer if performer != Performer() else None
