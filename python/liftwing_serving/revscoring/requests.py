"""What a revscoring model is asked, typed, and which requests may share their work."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from liftwing_serving import fields as read
from liftwing_serving.events import EventSource, parse_event
from liftwing_serving.revscoring.languages import check_language


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A revision to be scored by `models` of one wiki; `extended_output` asks for features as well.

    `event` is there if the request carried one, and asks for a score event.
    """

    rev_id: int
    models: tuple[str, ...]
    extended_output: bool = False
    event: EventSource | None = None

    @property
    def key(self) -> Hashable:
        """Requests with equal keys have the same scores and may share the work.

        Whether to show features or send an event is decided for each request.
        """
        return self.rev_id, self.models


def score_request(fields: Mapping[str, Any], wiki: str, models: tuple[str, ...]) -> ScoreRequest:
    """The request in a JSON object that was sent to these models of `wiki`, a database name.

    Raises BadRequest, which names the wrong field.
    """
    check_language(fields, wiki)
    # An event overrides the rev_id beside it.
    event = parse_event(fields["event"], wiki) if "event" in fields else None
    return ScoreRequest(
        rev_id=event.rev_id if event else read.positive_integer(fields, "rev_id"),
        models=models,
        extended_output=read.boolean(fields, "extended_output"),
        event=event,
    )
