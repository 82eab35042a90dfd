"""Fields of a client's JSON, typed or refused by name. Pure functions; clients match the texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from liftwing_serving.errors import BadRequest

# Integers that JavaScript represents exactly, which is also the bound of the event schemas.
MAX_INTEGER = 2**53 - 1

# Lists, objects and their members. A megabyte of events has 43,000; of `[[]],` it would have
# 630,000, which take a quarter of a second to build.
MAX_PARTS = 50_000

# Of values that are handed on: what is pickled or written as JSON again may be a few hundred deep.
MAX_NESTING = 20

MAX_SHOWN = 100
_UNSAFE = re.compile(r"[^A-Za-z0-9._:/| @=,+!()*-]")


def check_parts(*texts: bytes) -> None:
    """Raises BadRequest if JSON texts have too many parts together.

    They are counted before anything is built, those within strings too.
    """
    if sum(map(len, texts)) > MAX_PARTS:
        if sum(text.count(mark) for text in texts for mark in (b"[", b"{", b",")) > MAX_PARTS:
            raise BadRequest(f"The request has more than {MAX_PARTS} parts.")


def parsed(text: bytes) -> Any:
    """What a text of few parts holds, or None if that is not JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def too_deep(value: object) -> bool:
    """Whether lists and objects stand in one another more than MAX_NESTING times."""
    level = [value]
    for _ in range(MAX_NESTING + 1):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return False
    return True


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def json_value(body: bytes) -> Any:
    """What a body holds, or None if that is not JSON. Raises BadRequest for too many parts."""
    check_parts(body)
    return parsed(body)


def as_object(value: object) -> dict[str, Any]:
    """The same, if it is a JSON object. Raises BadRequest."""
    if not isinstance(value, dict):
        raise BadRequest("Please verify that request input is a json dict")
    return value


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds, whatever its content type says. Raises BadRequest."""
    return as_object(json_value(body))


def shown(value: str) -> str:
    """A caller's text as it may stand in an answer and a log line."""
    safe = _UNSAFE.sub("?", value[:MAX_SHOWN])
    return safe if len(value) <= MAX_SHOWN else f"{safe}..."


def positive_integer(fields: Mapping[str, Any], name: str) -> int:
    """A required JSON integer from 1 to MAX_INTEGER; `true`, "1" and 1.0 are refused.

    Raises BadRequest.
    """
    if name not in fields:
        raise BadRequest(f'Expected "{name}" in input data.')
    value = fields[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f'Expected "{name}" to be an integer.')
    if not 0 < value <= MAX_INTEGER:
        raise BadRequest(f'Expected "{name}" to be a positive integer.')
    return value


def boolean(fields: Mapping[str, Any], name: str) -> bool:
    """An optional JSON boolean, false where it is absent. Raises BadRequest."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f'Expected "{name}" to be a boolean.')
    return value
