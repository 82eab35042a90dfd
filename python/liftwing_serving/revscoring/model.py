"""A revscoring model as KServe sees it: parse, score, shape. Holds no state of any request."""

from __future__ import annotations

import logging
from typing import Any

import kserve

from liftwing_serving.deadline import Deadline
from liftwing_serving.payloads import loggable
from liftwing_serving.requests import ScoreRequest, parse_score_request
from liftwing_serving.revscoring.names import ServiceName
from liftwing_serving.revscoring.service import ScoringService
from liftwing_serving.revscoring.tasks import Score
from liftwing_serving.server import Servable
from liftwing_serving.settings import Settings

logger = logging.getLogger(__name__)


class RevscoringModel(Servable):
    """One model of the service, e.g. enwiki-goodfaith."""

    def __init__(self, name: ServiceName, service: ScoringService, settings: Settings) -> None:
        super().__init__(str(name))
        self._service_name = name
        self._service = service
        self._deadline_seconds = settings.request_deadline_seconds
        self._log_payloads = settings.log_json_payload

    @property
    def alive(self) -> bool:
        """Whether the model is loaded and some worker could take a request."""
        return self._service.alive

    async def preprocess(self, payload: Any, headers: dict[str, str] | None = None) -> ScoreRequest:
        """The typed request. Raises BadRequest."""
        if not isinstance(payload, bytes):
            raise kserve.errors.UnsupportedProtocol("v2")
        if self._log_payloads:
            logger.info("a request to %s", self.name, extra={"payload": loggable(payload)})
        return parse_score_request(payload)

    async def predict(
        self,
        payload: Any,
        headers: dict[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer's document. Raises ServingError."""
        deadline = Deadline.after(self._deadline_seconds)
        score = await self._service.score(self.name, payload.rev_id, deadline)
        version = self._service.models[self.name].version
        return score_document(self._service_name, version, payload, score)


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
