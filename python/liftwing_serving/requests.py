"""From a request's body to a typed request. Pure functions; the texts are matched by clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from liftwing_serving.errors import BadRequest

# MediaWiki keeps revision ids in a bigint.
MAX_REV_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A revision to score; `extended_output` asks for the features as well."""

    rev_id: int
    extended_output: bool = False


def parse_score_request(body: bytes) -> ScoreRequest:
    """The request in a body of `:predict`, whatever its content type says.

    Raises BadRequest naming the field.
    """
    fields = _json_object(body)
    if "rev_id" not in fields:
        raise BadRequest('Expected "rev_id" in input data.')
    return ScoreRequest(
        rev_id=_rev_id(fields["rev_id"]),
        extended_output=_boolean(fields, "extended_output"),
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise BadRequest("Please verify that request input is a json dict")
    return fields


def _rev_id(value: object) -> int:
    """A positive JSON integer; `true`, "1" and 1.0 are refused."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest('Expected "rev_id" to be an integer.')
    if not 0 < value <= MAX_REV_ID:
        raise BadRequest('Expected "rev_id" to be a positive integer.')
    return value


def _boolean(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f'Expected "{name}" to be a boolean.')
    return value
