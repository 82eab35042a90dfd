"""A revscoring model as KServe sees it: parse, score, shape. Holds no state of any request."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from kserve import InferRequest

from liftwing_serving import logs, openinference
from liftwing_serving.deadline import Deadline
from liftwing_serving.payloads import loggable
from liftwing_serving.requests import ScoreRequest, parse_score_request
from liftwing_serving.revscoring.emit import ScoreEvents
from liftwing_serving.revscoring.names import ServiceName
from liftwing_serving.revscoring.service import ScoringService
from liftwing_serving.revscoring.tasks import Score
from liftwing_serving.server import Servable
from liftwing_serving.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A typed request, and the V2 request it came in, if it did."""

    request: ScoreRequest
    v2: InferRequest | None


class RevscoringModel(Servable):
    """One model of the service, e.g. enwiki-goodfaith."""

    def __init__(
        self,
        name: ServiceName,
        service: ScoringService,
        settings: Settings,
        events: ScoreEvents | None = None,
    ) -> None:
        super().__init__(str(name))
        self._service_name = name
        self._service = service
        self._events = events
        self._deadline_seconds = settings.request_deadline_seconds
        self._log_payloads = settings.log_json_payload

    @property
    def alive(self) -> bool:
        """Whether the model is loaded and some worker could take a request."""
        return self._service.alive

    async def preprocess(self, payload: Any, headers: dict[str, str] | None = None) -> Parsed:
        """The typed request, from a V1 body or a V2 request. Raises BadRequest."""
        v2 = payload if isinstance(payload, InferRequest) else None
        body = openinference.body_of(v2) if v2 else payload
        if self._log_payloads:
            logger.info("a request to %s", self.name, extra={"payload": loggable(body)})
        request = parse_score_request(body, self._service_name.wiki)
        logs.rev_id.set(request.rev_id)
        return Parsed(request, v2)

    async def predict(
        self,
        payload: Parsed,
        headers: dict[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> Any:
        """The answer's document. Raises ServingError."""
        request = payload.request
        deadline = Deadline.after(self._deadline_seconds)
        score = await self._service.score(self.name, request.rev_id, deadline)
        version = self._service.models[self.name].version
        if request.event and self._events:
            self._events.emit(request.event, self._service_name.kind, version, score)
        answer = score_document(self._service_name, version, request, score)
        return openinference.response_to(payload.v2, self.name, answer) if payload.v2 else answer


def score_document(
    name: ServiceName, version: str, request: ScoreRequest, score: Score
) -> dict[str, Any]:
    """The answer in the form ORES gave it, which clients rely on."""
    entry: dict[str, Any] = {"score": score.score}
    if request.extended_output:
        entry["features"] = score.features
    return {
        name.wiki: {
            "models": {name.kind: {"version": version}},
            "scores": {str(request.rev_id): {name.kind: entry}},
        }
    }
