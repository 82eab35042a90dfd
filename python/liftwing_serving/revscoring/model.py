"""A revscoring model as `server/` serves it: read, score, show. Keeps no state of a request."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from liftwing_serving import logs
from liftwing_serving.deadline import Deadline
from liftwing_serving.events import EventSender, EventSource, score_event
from liftwing_serving.revscoring import schemas
from liftwing_serving.revscoring.batch import Outcome
from liftwing_serving.revscoring.information import parse_paths
from liftwing_serving.revscoring.names import ServiceName
from liftwing_serving.revscoring.requests import ScoreRequest, score_request
from liftwing_serving.revscoring.scorer import Scorer
from liftwing_serving.revscoring.tasks import Score, Scores
from liftwing_serving.server import Servable


class RevscoringModel(Servable[ScoreRequest]):
    """One model of the scorer, e.g. enwiki-goodfaith."""

    platform = "revscoring"
    informs = True

    def __init__(
        self,
        service: ServiceName,
        scorer: Scorer,
        sender: EventSender | None = None,
        stream: str | None = None,
    ) -> None:
        super().__init__(str(service))
        self._service = service
        self._scorer = scorer
        self._sender = sender
        self._stream = stream or ""

    @property
    def request_schema(self) -> schemas.Schema:
        """The fields of a request."""
        return schemas.REQUEST

    @property
    def answer_schema(self) -> schemas.Schema:
        """The form of `score_document`."""
        return schemas.answer(self._service.wiki, [self._service.kind])

    @property
    def alive(self) -> bool:
        """Whether some worker could take a request."""
        return self._scorer.runners.alive

    def read(self, fields: dict[str, Any]) -> ScoreRequest:
        """A revision for this model, from the fields that docs/api.md lists. Raises BadRequest."""
        request = score_request(fields, self._service.wiki, (self.name,))
        logs.note(rev_id=request.rev_id)
        return request

    async def answer(self, request: ScoreRequest, deadline: Deadline) -> dict[str, Any]:
        """The score as `score_document` shows it; its event, if any, is handed to the sender.

        Raises ResourceMissing, ContentUnreadable, what `Scorer.score` raises, and Unavailable if
        the event cannot be kept.
        """
        return await self._answer(request, await self._scorer.score(request, deadline))

    async def answer_all(
        self, requests: Sequence[ScoreRequest], deadline: Deadline
    ) -> Sequence[dict[str, Any] | Exception]:
        """The answers to a batch, fetched, extracted and scored together; each emits its own event.

        Raises TooManyRequests, Overloaded for all of it.
        """
        outcomes = await self._scorer.score_all(requests, deadline)
        return await asyncio.gather(*map(self._answer_in_place, requests, outcomes))

    async def information(self, wanted: str, deadline: Deadline) -> dict[str, Any]:
        """What the model's file tells of it at the paths that are `wanted`, in ORES' shape.

        Raises BadRequest, TooManyRequests, and what the runner raises.
        """
        paths = parse_paths(wanted)
        told = await self._scorer.inform(self.name, paths, deadline)
        return {self._service.wiki: {"models": {self._service.kind: told}}}

    async def _answer_in_place(
        self, request: ScoreRequest, outcome: Outcome
    ) -> dict[str, Any] | Exception:
        if isinstance(outcome, Exception):
            return outcome
        try:
            return await self._answer(request, outcome)
        except Exception as error:
            return error

    async def _answer(self, request: ScoreRequest, scores: Scores) -> dict[str, Any]:
        """Raises ServingError."""
        score = scores[self.name]
        if not isinstance(score, Score):
            raise score
        version = self._scorer.models[self.name].version
        if request.event and self._sender:
            await self._sender.emit(self._event(request.event, version, score))
        return score_document(self._service, version, request, score)

    def _event(self, source: EventSource, version: str, score: Score) -> dict[str, Any]:
        now, event_id = datetime.now(UTC), str(uuid.uuid4())
        kind = self._service.kind
        return score_event(source, score.document, kind, version, self._stream, now, event_id)


def score_document(
    service: ServiceName, version: str, request: ScoreRequest, score: Score
) -> dict[str, Any]:
    """The answer in the form of ORES's, on which clients rely.

    `{wiki: {"models": {kind: {"version"}}, "scores": {rev_id: {kind: {"score", "features"}}}}}`;
    `features` only if they are asked for. https://www.mediawiki.org/wiki/ORES
    """
    return {
        service.wiki: {
            "models": {service.kind: {"version": version}},
            "scores": {str(request.rev_id): {service.kind: score_entry(request, score)}},
        }
    }


def score_entry(request: ScoreRequest, score: Score) -> dict[str, Any]:
    """A model's part of such an answer: `score`, `features` if they are asked for, and what was
    `injected`."""
    entry = {"score": score.document}
    if request.extended_output:
        entry["features"] = score.features
    if request.injected:
        entry["injected"] = dict(request.injected)
    return entry
