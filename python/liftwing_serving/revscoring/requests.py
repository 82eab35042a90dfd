"""What a revscoring model is asked: typed, and with what of it others may share."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from liftwing_serving import fields as read
from liftwing_serving.events import EventSource, parse_event


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A revision to be scored by `models` of one wiki; `extended_output` asks for features as well.

    `event` is what a request by event says of the change, and asks for a score event.
    """

    rev_id: int
    models: tuple[str, ...]
    extended_output: bool = False
    event: EventSource | None = None

    @property
    def key(self) -> Hashable:
        """Requests of equal keys have the same scores and may share the work.

        Whether features are shown or an event is sent is each request's own affair.
        """
        return self.rev_id, self.models


def score_request(fields: Mapping[str, Any], wiki: str, models: tuple[str, ...]) -> ScoreRequest:
    """The request that a JSON object means which was sent to these models of `wiki`.

    Raises BadRequest naming the field.
    """
    # An event overrides the rev_id beside it.
    event = parse_event(fields["event"], wiki) if "event" in fields else None
    return ScoreRequest(
        rev_id=event.rev_id if event else read.positive_integer(fields, "rev_id"),
        models=models,
        extended_output=read.boolean(fields, "extended_output"),
        event=event,
    )
