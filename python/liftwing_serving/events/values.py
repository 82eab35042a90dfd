"""Incoming events: their schemas, and values, read if a schema allows them and None otherwise.

Their bounds are those of the event schemas (https://schema.wikimedia.org). Pure functions.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from liftwing_serving.errors import BadRequest
from liftwing_serving.fields import MAX_INTEGER

REVISION_CREATE = re.compile(r"/mediawiki/revision/create/[12]\.")
PAGE_CHANGE = re.compile(r"/mediawiki/page/change/1\.")

# The schema's bound of a URI. An event's other texts have some hundreds of characters at most.
MAX_TEXT = 8192

# What EventGate's JSON parser takes without further configuration is 100 kB.
MAX_EVENT_BYTES = 90_000
# An item of a list is at least a character, two quotes and a comma.
MAX_ITEMS = MAX_EVENT_BYTES // 4

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


def with_schema(event: object) -> tuple[dict[str, Any], str]:
    """An incoming event and the name of its schema. Raises BadRequest if it is none."""
    if not isinstance(event, dict):
        raise BadRequest('Expected "event" to be a JSON object.')
    schema = event.get("$schema")
    if not isinstance(schema, str):
        raise BadRequest('Expected "$schema" of the event to be a string.')
    return event, schema


def too_large() -> BadRequest:
    """What an event is refused with whose own event EventGate would not take."""
    return BadRequest(f"Event too large: its score event would exceed {MAX_EVENT_BYTES} bytes.")


def object_of(value: object) -> dict[str, Any]:
    """An object, empty where there is none."""
    return value if isinstance(value, dict) else {}


def integer(value: object, lowest: int) -> int | None:
    """An integer from `lowest` to what JavaScript represents exactly."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if lowest <= value <= MAX_INTEGER else None


def flag(value: object) -> bool | None:
    """A boolean."""
    return value if isinstance(value, bool) else None


def text(value: object) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT else None


def texts(value: object) -> tuple[str, ...] | None:
    """Texts, none of them empty. Raises BadRequest if they are too many for any event."""
    if not isinstance(value, list):
        return None
    if len(value) > MAX_ITEMS:
        raise too_large()
    read = [text(item) for item in value]
    return None if None in read else tuple(item for item in read if item is not None)


def uri(value: object) -> str | None:
    """A URI or a path, as far as wikis have them."""
    written = text(value)
    return written if written is not None and _URI.fullmatch(written) else None


def moment(value: object) -> str | None:
    """A time of RFC 3339 in UTC, unchanged if it ends in Z; None if it is not one."""
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        return None
    try:
        then = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return value if value.endswith("Z") else then.isoformat().replace("+00:00", "Z")
