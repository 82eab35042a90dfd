"""Fields of a client's JSON, typed or refused by name. Pure functions; clients match the texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from liftwing_serving.errors import BadRequest

# Integers that JavaScript represents exactly, which is also the bound of the event schemas.
MAX_INTEGER = 2**53 - 1


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds, whatever its content type says. Raises BadRequest."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise BadRequest("Please verify that request input is a json dict")
    return fields


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
