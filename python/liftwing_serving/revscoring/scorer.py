"""Scores revisions of one wiki: fetches their documents, has workers score them, shares both."""

from __future__ import annotations

import functools
import time

from liftwing_serving import metrics
from liftwing_serving.deadline import Deadline
from liftwing_serving.mediawiki import Documents, Needs, Revisions
from liftwing_serving.revscoring.requests import ScoreRequest
from liftwing_serving.revscoring.tasks import (
    Extract,
    ExtractAndPredict,
    ModelInfo,
    Predict,
    Score,
    Scores,
)
from liftwing_serving.singleflight import SingleFlight
from liftwing_serving.workers import Runners


class Scorer:
    """What all models of one server share. Keeps nothing of a request that is over.

    `heavy_bytes` is the size of revision and parent from which a revision counts as heavy.
    """

    def __init__(self, revisions: Revisions, runners: Runners, heavy_bytes: int) -> None:
        self.models: dict[str, ModelInfo] = {}
        self.needs = Needs()
        self._revisions = revisions
        self.runners = runners
        self._heavy_bytes = heavy_bytes
        self._fetches: SingleFlight[int, Documents] = SingleFlight()
        self._scores: SingleFlight[object, Scores] = SingleFlight()

    async def start(self) -> None:
        """Wait for the models to be loaded. Raises TemplateFailed, OSError."""
        self.models = {info.name: info for info in await self.runners.start()}
        self.needs = functools.reduce(Needs.__or__, (info.needs for info in self.models.values()))

    async def score(self, request: ScoreRequest, deadline: Deadline) -> Scores:
        """What each of the request's models says of the revision, by the model's name.

        Raises RevisionMissing, UpstreamUnavailable, UpstreamUnusable, and what `Runner.run` raises.
        What only some of the models miss is in the scores instead.
        """
        work = functools.partial(self._fetch_and_score, request, deadline)
        return await self._scores.run(request.key, deadline, work)

    async def close(self) -> None:
        """Cancel the calls under way and stop the workers."""
        await self._revisions.close()
        await self.runners.close()

    async def _fetch_and_score(self, request: ScoreRequest, deadline: Deadline) -> Scores:
        started = time.perf_counter()
        fetch = functools.partial(self._revisions.documents, request.rev_id, self.needs, deadline)
        documents = await self._fetches.run(request.rev_id, deadline, fetch)
        fetched = time.perf_counter() - started
        heavy = documents.bytes >= self._heavy_bytes
        if self.runners.preprocess is self.runners.inference:
            both = ExtractAndPredict(request.models, documents)
            scored = await self.runners.preprocess.run(both, deadline, heavy)
            queued = scored.queue_seconds
        else:
            extract = Extract(request.models, documents)
            extracted = await self.runners.preprocess.run(extract, deadline, heavy)
            scored = await self.runners.inference.run(Predict(extracted.value), deadline)
            queued = extracted.queue_seconds + scored.queue_seconds
        scores: Scores = scored.value
        for model, score in scores.items():
            if isinstance(score, Score):
                metrics.observe_stages(
                    model,
                    fetch=fetched,
                    queue=queued,
                    extract=score.extract_seconds,
                    score=score.predict_seconds,
                )
        return scores
