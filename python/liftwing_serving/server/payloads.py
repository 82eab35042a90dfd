"""Request payloads as they may stand in a log: without personal data, and short."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from liftwing_serving.errors import BadRequest
from liftwing_serving.fields import json_value

PERSONAL = frozenset(
    {"user_text", "performer", "comment", "parsedcomment", "editor", "prior_state"}
)
MAX_BYTES = 4000
MAX_TEXT = 200
MAX_ITEMS = 20
MAX_DEPTH = 4
UNPARSED = "not JSON"
CUT = "..."


def loggable(body: bytes) -> Any:
    """The body's JSON, with personal fields redacted and cut to a few kilobytes, or UNPARSED."""
    try:
        value = json_value(body)
    except BadRequest:
        return CUT
    return UNPARSED if value is None else _redacted(value, MAX_DEPTH, _Room(MAX_BYTES))


class _Room:
    """What is left of the bytes that the whole may take."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, value: object) -> bool:
        """Whether there was room for the value, written as JSON with what stands around it."""
        self.left -= len(json.dumps(value)) + len(": ")
        return self.left >= 0


def _redacted(value: Any, depth: int, room: _Room) -> Any:
    if isinstance(value, (dict, list)):
        if depth == 0 or not room.take([]):
            return CUT
        if isinstance(value, dict):
            return _fields(value, depth - 1, room)
        return [_redacted(item, depth - 1, room) for item in value[:MAX_ITEMS]]
    short = value[:MAX_TEXT] if isinstance(value, str) else value
    return short if room.take(short) else CUT


def _fields(fields: dict[str, Any], depth: int, room: _Room) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, value in islice(fields.items(), MAX_ITEMS):
        name = key[:MAX_TEXT]
        if not room.take(name):
            break
        shown[name] = "redacted" if key in PERSONAL else _redacted(value, depth, room)
    return shown
