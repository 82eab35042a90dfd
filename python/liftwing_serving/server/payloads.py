"""Request payloads as they may stand in a log: without personal data, and short."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from liftwing_serving.errors import BadRequest
from liftwing_serving.fields import check_parts, parsed

PERSONAL = frozenset(
    {"user_text", "performer", "comment", "parsedcomment", "editor", "prior_state"}
)
MAX_BYTES = 4000
MAX_TEXT = 200
MAX_ITEMS = 20
MAX_DEPTH = 4
UNPARSED = "not JSON"
CUT = "..."


def loggable(*texts: bytes) -> Any:
    """A request's JSON, with personal fields redacted and cut to a few kilobytes, or UNPARSED.

    Of several texts it is a list of as many as a list is shown with.
    """
    try:
        check_parts(*texts)
    except BadRequest:
        return CUT
    values = [parsed(text) for text in texts[:MAX_ITEMS]]
    shown = [UNPARSED if value is None else value for value in values]
    return _redacted(shown[0] if len(texts) == 1 else shown, MAX_DEPTH, _Room(MAX_BYTES))


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
