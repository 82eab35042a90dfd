"""Which revision an incoming event is about, and what else it tells. Pure functions.

The events are of the schemas mediawiki/revision/create 1 and 2 and mediawiki/page/change 1
(https://schema.wikimedia.org).

What a score needs, the wiki and the revision, must be there and be right. Of the rest only what the
schema of the produced event allows is carried over: a part that is missing, of another type or of
an impossible value is left out, so that the produced event is valid whatever came in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from liftwing_serving.errors import BadRequest
from liftwing_serving.fields import MAX_INTEGER, positive_integer

_REVISION_CREATE = re.compile(r"/mediawiki/revision/create/[12]\.")
_PAGE_CHANGE = re.compile(r"/mediawiki/page/change/1\.")

# The schema's bound of a URI. An event's other texts have some hundreds of characters at most.
MAX_TEXT = 8192
MAX_SHOWN = 100

# What EventGate's JSON parser takes without further configuration is 100 kB.
MAX_EVENT_BYTES = 90_000
# Of these: what a score event has beside its source; 64 topics, all predicted, take 7,500.
SCORE_BYTES = 10_000
MAX_SOURCE_BYTES = MAX_EVENT_BYTES - SCORE_BYTES
# An item of a list is at least a character, two quotes and a comma.
MAX_ITEMS = MAX_SOURCE_BYTES // 4

_UNSAFE = re.compile(r"[^A-Za-z0-9._:/-]")
# RFC 3986, without the forms that no wiki's address has.
_URI = re.compile(
    r"""((?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*(?::[0-9]*)?
    |(?=/(?!/)))
    (?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?
    (?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?
    (?:\#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?""",
    re.VERBOSE,
)
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


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
    RFC 3339 in UTC, ending in Z.
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
    performer: Performer | None = None
    request_id: str | None = None
    domain: str | None = None
    uri: str | None = None


def parse_event(event: object, wiki: str) -> EventSource:
    """What a score event needs of an incoming one, which must be of this server's `wiki`.

    `wiki` is a database name. Raises BadRequest, which names the wrong field.
    """
    if not isinstance(event, dict):
        raise BadRequest('Expected "event" to be a JSON object.')
    schema = event.get("$schema")
    if not isinstance(schema, str):
        raise BadRequest('Expected "$schema" of the event to be a string.')
    if _REVISION_CREATE.match(schema):
        return _bounded(_from_revision_create(event, _database(event, "database", wiki)))
    if _PAGE_CHANGE.match(schema):
        return _bounded(_from_page_change(event, _database(event, "wiki_id", wiki)))
    raise BadRequest(
        f"Unsupported event of schema {_shown(schema)}, the rev_id value cannot be determined."
    )


def _from_revision_create(event: dict[str, Any], database: str) -> EventSource:
    rev_timestamp = _moment(event.get("rev_timestamp"))
    performer = _object(event.get("performer"))
    return EventSource(
        database=database,
        rev_id=positive_integer(event, "rev_id"),
        # Version 1 has no time of its own, and in version 2 it is the revision's.
        dt=rev_timestamp,
        page_id=_integer(event.get("page_id"), 1),
        page_title=_text(event.get("page_title")),
        page_namespace=_integer(event.get("page_namespace"), -MAX_INTEGER),
        page_is_redirect=_flag(event.get("page_is_redirect")),
        rev_timestamp=rev_timestamp,
        rev_parent_id=_integer(event.get("rev_parent_id"), 0),
        performer=_performer(performer, "user_groups", "user_is_bot"),
        **_origin(event),
    )


def _from_page_change(event: dict[str, Any], database: str) -> EventSource:
    revision = event.get("revision")
    if not isinstance(revision, dict):
        raise BadRequest('Expected "revision" of the event to be a JSON object.')
    page = _object(event.get("page"))
    performer = _object(event.get("performer"))
    return EventSource(
        database=database,
        rev_id=positive_integer(revision, "rev_id"),
        dt=_moment(event.get("dt")),
        page_id=_integer(page.get("page_id"), 1),
        page_title=_text(page.get("page_title")),
        page_namespace=_integer(page.get("namespace_id"), -MAX_INTEGER),
        page_is_redirect=_flag(page.get("is_redirect")),
        rev_timestamp=_moment(revision.get("rev_dt")),
        rev_parent_id=_integer(revision.get("rev_parent_id"), 0),
        performer=_performer(performer, "groups", "is_bot"),
        **_origin(event),
    )


def _bounded(source: EventSource) -> EventSource:
    """The source if its score event can be sent. Raises BadRequest."""
    if len(orjson.dumps(source)) > MAX_SOURCE_BYTES:
        raise _too_large()
    return source


def _too_large() -> BadRequest:
    return BadRequest(f"Event too large: its score event would exceed {MAX_EVENT_BYTES} bytes.")


def _database(event: dict[str, Any], field: str, wiki: str) -> str:
    value = event.get(field)
    if not isinstance(value, str):
        raise BadRequest(f'Expected "{field}" of the event to be a string.')
    if value != wiki:
        raise BadRequest(f"Event of wiki {_shown(value)} sent to a server of {wiki}.")
    return value


def _origin(event: dict[str, Any]) -> dict[str, str | None]:
    """The fields of `meta` that identify the change and are carried over."""
    meta = _object(event.get("meta"))
    return {
        "request_id": _text(meta.get("request_id")),
        "domain": _text(meta.get("domain")),
        "uri": _uri(meta.get("uri")),
    }


def _performer(fields: dict[str, Any], groups: str, is_bot: str) -> Performer | None:
    performer = Performer(
        _text(fields.get("user_text")), _texts(fields.get(groups)), _flag(fields.get(is_bot))
    )
    return performer if performer != Performer() else None


def _shown(value: str) -> str:
    """A caller's text as it may stand in an answer and a log line."""
    safe = _UNSAFE.sub("?", value[:MAX_SHOWN])
    return safe if len(value) <= MAX_SHOWN else f"{safe}..."


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _integer(value: object, lowest: int) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if lowest <= value <= MAX_INTEGER else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT else None


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    if len(value) > MAX_ITEMS:
        raise _too_large()
    texts = tuple(text for text in map(_text, value) if text is not None)
    return texts if len(texts) == len(value) else None


def _uri(value: object) -> str | None:
    text = _text(value)
    return text if text is not None and _URI.fullmatch(text) else None


def _moment(value: object) -> str | None:
    """A time of RFC 3339 in UTC, unchanged if it ends in Z; None if it is not one."""
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return value if value.endswith("Z") else moment.isoformat().replace("+00:00", "Z")
