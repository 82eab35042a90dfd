"""Scores revisions of one wiki: fetches their documents, has workers score them, shares both."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Awaitable, Hashable, Mapping, Sequence
from typing import Any

from liftwing_serving import metrics
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import Overloaded, TooManyRequests
from liftwing_serving.mediawiki import Documents, Needs, Revisions
from liftwing_serving.revscoring.batch import Batch, Fetched, Outcome
from liftwing_serving.revscoring.information import Path
from liftwing_serving.revscoring.kept import KeptScores
from liftwing_serving.revscoring.requests import ScoreRequest
from liftwing_serving.revscoring.tasks import (
    Extract,
    ExtractAndPredict,
    Inform,
    ModelInfo,
    Predict,
    Score,
    Scores,
)
from liftwing_serving.singleflight import SingleFlight
from liftwing_serving.workers import Runners, Share, Work


class Scorer:
    """What all models of one server share. Keeps nothing of a request that is over but its scores.

    `heavy_bytes` is the size of revision and parent from which a revision counts as heavy.
    """

    def __init__(
        self, revisions: Revisions, runners: Runners, heavy_bytes: int, kept: KeptScores
    ) -> None:
        self.models: dict[str, ModelInfo] = {}
        self.needs = Needs()
        self._revisions = revisions
        self.runners = runners
        self._heavy_bytes = heavy_bytes
        self._kept = kept
        self._fetches: SingleFlight[int, Documents] = SingleFlight()
        self._scores: SingleFlight[Hashable, Scores] = SingleFlight()

    async def start(self) -> None:
        """Wait for the models to be loaded. Raises TemplateFailed, OSError."""
        self.models = {info.name: info for info in await self.runners.start()}
        self._kept.serve(self.models)
        self.needs = functools.reduce(Needs.__or__, (info.needs for info in self.models.values()))

    async def score(self, request: ScoreRequest, deadline: Deadline) -> Scores:
        """What each of the request's models says of the revision. Raises ServingError.

        One whose score is kept, or under way, costs nothing; any other is refused at once, with
        TooManyRequests or Overloaded, if it cannot be done in time.
        """
        kept = await self._kept.find(request)
        if kept is not None:
            return kept
        work = functools.partial(self._begin, request, deadline)
        return await self._scores.run(request.key, deadline, work)

    async def score_all(
        self, requests: Sequence[ScoreRequest], deadline: Deadline
    ) -> list[Outcome]:
        """What the models say of each revision, or why they do not; all requests name the same.

        Revisions that are asked for several times are scored once. Raises TooManyRequests or
        Overloaded, at once, if they cannot all be done in time.
        """
        distinct = _merged(requests)
        if not distinct:
            return []
        if len(distinct) == 1:
            (asking,) = distinct.values()
            return [await self._score_in_place(asking, deadline)] * len(requests)
        found = await self._kept.find_all(list(distinct.values()))
        outcomes: dict[Hashable, Outcome] = {
            key: scores for key, scores in zip(distinct, found) if scores is not None
        }
        missing = [request for key, request in distinct.items() if key not in outcomes]
        if missing:
            outcomes |= await self._score_batch(missing, deadline)
        return [outcomes[request.key] for request in requests]

    async def inform(
        self, model: str, paths: Sequence[Path], deadline: Deadline
    ) -> Mapping[str, Any]:
        """What a model's file tells of it. Raises BadRequest, TooManyRequests, and what the
        runner raises."""
        work = Work(("information", model))
        refusal = self.runners.refusal(work, deadline)
        if refusal is not None:
            raise TooManyRequests(refusal)
        task = Inform(model, tuple(paths))
        result = await self.runners.inference.run(task, deadline, work)
        told: Mapping[str, Any] = result.value
        return told

    async def close(self) -> None:
        """Cancel the calls under way and stop the workers."""
        await self._revisions.close()
        await self.runners.close()

    async def _score_batch(
        self, requests: Sequence[ScoreRequest], deadline: Deadline
    ) -> dict[Hashable, Outcome]:
        """Each of another revision. Raises TooManyRequests, Overloaded."""
        batch = Batch(requests, deadline, self._documents, self._scores, self.runners)
        if batch.number:
            by_event = any(request.event for request in requests)
            self._admit(Work(requests[0].models), deadline, by_event, batch.number)
        outcomes = await batch.run()
        for request in requests:
            outcome = outcomes[request.key]
            if isinstance(outcome, Exception):
                self._kept.forget(request, outcome)
            else:
                self._kept.keep(request, outcome)
        return outcomes

    async def _score_in_place(self, request: ScoreRequest, deadline: Deadline) -> Outcome:
        """A batch of one is a single request, which takes one task. Raises TooManyRequests."""
        try:
            return await deadline.wait_for(self.score(request, deadline))
        except TooManyRequests:
            raise
        except Exception as error:
            return error

    def _begin(self, request: ScoreRequest, deadline: Deadline) -> Awaitable[Scores]:
        """Refuse, or count the request in at once: others may arrive before its first step."""
        work = Work(request.models, self._expected_bytes(request))
        self._admit(work, deadline, request.event is not None)
        announced = self.runners.preprocess.load.announce(work)
        return self._score_and_keep(request, deadline, announced)

    async def _score_and_keep(
        self, request: ScoreRequest, deadline: Deadline, announced: Share
    ) -> Scores:
        try:
            scores = await self._fetch_and_score(request, deadline, announced)
        except Exception as error:
            self._kept.forget(request, error)
            raise
        self._kept.keep(request, scores)
        return scores

    def _expected_bytes(self, request: ScoreRequest) -> int | None:
        """What the request's event, if any, tells of the documents' size."""
        if request.event is None or request.event.rev_size is None:
            return None
        size, parent_size = request.event.rev_size, request.event.parent_size
        if not (self.needs.parent and request.event.rev_parent_id):
            return size
        # Most edits change little.
        return size + (size if parent_size is None else parent_size)

    def _admit(self, work: Work, deadline: Deadline, by_event: bool, number: int = 1) -> None:
        """Raises TooManyRequests, or Overloaded to those who repeat only that."""
        refusal = self.runners.refusal(work, deadline, number)
        if refusal is not None:
            raise Overloaded(refusal) if by_event else TooManyRequests(refusal)

    async def _documents(self, request: ScoreRequest, deadline: Deadline) -> Fetched:
        """The revision's documents, in calls that all requests share. Raises ServingError."""
        started = time.perf_counter()
        fetch = functools.partial(self._revisions.documents, request.rev_id, self.needs, deadline)
        documents = await self._fetches.run(request.rev_id, deadline, fetch)
        heavy = documents.bytes >= self._heavy_bytes
        work = Work(request.models, documents.bytes, heavy)
        return Fetched(documents, work, time.perf_counter() - started)

    async def _fetch_and_score(
        self, request: ScoreRequest, deadline: Deadline, announced: Share
    ) -> Scores:
        try:
            fetched = await self._documents(request, deadline)
        finally:
            self.runners.preprocess.load.arrived(announced)
        if self.runners.preprocess is self.runners.inference:
            both = ExtractAndPredict(request.models, fetched.documents, request.injected)
            scored = await self.runners.preprocess.run(both, deadline, fetched.work)
            queued = scored.queue_seconds
        else:
            extract = Extract(request.models, fetched.documents, request.injected)
            extracted = await self.runners.preprocess.run(extract, deadline, fetched.work)
            predict, light = Predict(extracted.value), Work(request.models)
            scored = await self.runners.inference.run(predict, deadline, light)
            queued = extracted.queue_seconds + scored.queue_seconds
        scores: Scores = scored.value
        for model, score in scores.items():
            if isinstance(score, Score):
                metrics.count_check(model, score.checked)
                metrics.observe_stages(
                    model,
                    fetch=fetched.seconds,
                    queue=queued,
                    extract=score.extract_seconds,
                    score=score.predict_seconds,
                )
        return scores


def _merged(requests: Sequence[ScoreRequest]) -> dict[Hashable, ScoreRequest]:
    """By key what all requests of that key ask for together."""
    merged: dict[Hashable, ScoreRequest] = {}
    for request in requests:
        other = merged.setdefault(request.key, request)
        if other is not request:
            merged[request.key] = dataclasses.replace(
                other,
                extended_output=other.extended_output or request.extended_output,
                event=other.event or request.event,
            )
    return merged
