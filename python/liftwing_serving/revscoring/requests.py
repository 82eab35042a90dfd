"""What a revscoring model is asked, typed, and which requests may share their work."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from liftwing_serving import fields as read
from liftwing_serving.errors import BadRequest
from liftwing_serving.events import EventSource, parse_event
from liftwing_serving.revscoring.languages import check_language


@dataclass(frozen=True, slots=True, eq=False)
class Injection:
    """Values to take in place of computed ones, by name. Each one is equal to itself only."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A revision to be scored by `models` of one wiki; `extended_output` asks for features as well.

    `event` is there if the request carried one, and asks for a score event. A score from injected
    values is nobody else's, and no event tells of it.
    """

    rev_id: int
    models: tuple[str, ...]
    extended_output: bool = False
    event: EventSource | None = None
    injection: Injection | None = None

    @property
    def injected(self) -> Mapping[str, Any]:
        """The values to inject by name, mostly none."""
        return self.injection.values if self.injection else {}

    @property
    def key(self) -> Hashable:
        """Requests with equal keys have the same scores and may share the work.

        Whether to show features or send an event is decided for each request.
        """
        return self.rev_id, self.models, self.injection


def score_request(fields: Mapping[str, Any], wiki: str, models: tuple[str, ...]) -> ScoreRequest:
    """The request in a JSON object that was sent to these models of `wiki`, a database name.

    Raises BadRequest, which names the wrong field.
    """
    check_language(fields, wiki)
    # An event overrides the rev_id beside it.
    event = parse_event(fields["event"], wiki) if "event" in fields else None
    injection = injection_in(fields)
    return ScoreRequest(
        rev_id=event.rev_id if event else read.positive_integer(fields, "rev_id"),
        models=models,
        extended_output=read.boolean(fields, "extended_output"),
        event=None if injection else event,
        injection=injection,
    )


def injection_in(fields: Mapping[str, Any], name: str = "inject") -> Injection | None:
    """The optional object of values to inject; None for an empty one. Raises BadRequest."""
    values = fields.get(name, {})
    if not isinstance(values, dict):
        raise BadRequest(f'Expected "{name}" to be an object of values by feature.')
    if read.too_deep(values):
        raise BadRequest(f'Expected the values of "{name}" to be nested less deep.')
    return Injection(values) if values else None
