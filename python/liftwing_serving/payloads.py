"""Request payloads as they may stand in a log: without personal data, and short."""

from __future__ import annotations

from typing import Any

import orjson

PERSONAL = frozenset(
    {"user_text", "performer", "comment", "parsedcomment", "editor", "prior_state"}
)
MAX_TEXT = 200
MAX_ITEMS = 20
MAX_DEPTH = 4
UNPARSED = "not JSON"


def loggable(body: bytes) -> Any:
    """The body's JSON with personal fields struck out and everything cut to a few kilobytes."""
    try:
        return _redacted(orjson.loads(body), MAX_DEPTH)
    except orjson.JSONDecodeError:
        return UNPARSED


def _redacted(value: Any, depth: int) -> Any:
    if depth == 0 and isinstance(value, (dict, list)):
        return "..."
    if isinstance(value, dict):
        items = list(value.items())[:MAX_ITEMS]
        return {
            key[:MAX_TEXT]: "redacted" if key in PERSONAL else _redacted(item, depth - 1)
            for key, item in items
        }
    if isinstance(value, list):
        return [_redacted(item, depth - 1) for item in value[:MAX_ITEMS]]
    return value[:MAX_TEXT] if isinstance(value, str) else value
