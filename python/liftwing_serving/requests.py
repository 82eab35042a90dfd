"""From a request's body to a typed request. Pure functions; the texts are matched by clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from liftwing_serving.errors import BadRequest
from liftwing_serving.events import EventSource, parse_event, read_rev_id


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A revision to score; `extended_output` asks for the features as well.

    `event` is what a request by event says of the change, and asks for a score event.
    """

    rev_id: int
    extended_output: bool = False
    event: EventSource | None = None


def parse_score_request(body: bytes, wiki: str) -> ScoreRequest:
    """The request in a body sent to a server of `wiki`, whatever its content type says.

    Raises BadRequest naming the field.
    """
    fields = _json_object(body)
    # An event overrides the rev_id beside it.
    event = parse_event(fields["event"], wiki) if "event" in fields else None
    return ScoreRequest(
        rev_id=event.rev_id if event else read_rev_id(fields),
        extended_output=_boolean(fields, "extended_output"),
        event=event,
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise BadRequest("Please verify that request input is a json dict")
    return fields


def _boolean(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f'Expected "{name}" to be a boolean.')
    return value
