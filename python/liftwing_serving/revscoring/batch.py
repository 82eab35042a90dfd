"""Scores many revisions at once: documents in shared calls, extractions side by side, one scoring.

Fetch and extraction overlap, group by group, so that a batch of any size has few documents in
memory and leaves room in the wiki's calls and in the workers' queue to requests that come alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from liftwing_serving import metrics
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded, ServingError
from liftwing_serving.mediawiki import Documents
from liftwing_serving.revscoring.requests import ScoreRequest
from liftwing_serving.revscoring.tasks import (
    BatchScores,
    Extract,
    Features,
    PredictBatch,
    Score,
    Scores,
)
from liftwing_serving.singleflight import SingleFlight
from liftwing_serving.workers import Result, Runners, Work

# As many as one call to MediaWiki may ask for. The next group is asked for when no more than this
# are left of those before: calls are full, and workers find work while documents are on their way.
GROUP = 50
# So many extractions of one batch run or wait in the queue for each worker; a single request that
# comes meanwhile waits behind no others.
TASKS_PER_WORKER = 2
# Extraction ends that much before the batch's time, or a part of the time where that is short, so
# that what is extracted is scored: a worker may be busy that long before it is free for it.
SCORING_SECONDS, SCORING_SHARE = 1.0, 0.2


@dataclass(frozen=True, slots=True)
class Fetched:
    """A revision's documents, what they are as work, and the seconds that it took to have them."""

    documents: Documents
    work: Work
    seconds: float


# Scores, or why there are none.
Outcome = Scores | Exception
Fetch = Callable[[ScoreRequest, Deadline], Awaitable[Fetched]]


@dataclass(frozen=True, slots=True)
class _Extracted:
    features: Mapping[str, Features | ServingError]
    fetch_seconds: float
    queue_seconds: float


class Batch:
    """Requests for the same models, each of another revision; `run` it once.

    `singles` are scores under way that requests asked for alone: they are joined, while nobody
    waits for a batch.
    """

    def __init__(
        self,
        requests: Sequence[ScoreRequest],
        deadline: Deadline,
        fetch: Fetch,
        singles: SingleFlight[Hashable, Scores],
        runners: Runners,
    ) -> None:
        self._requests = requests
        self._models = requests[0].models
        self._fetch = fetch
        self._singles = singles
        self._runners = runners
        given = deadline.remaining()
        self._extraction = deadline.later(-min(SCORING_SECONDS, SCORING_SHARE * given))
        self._deadline = deadline
        self._load = runners.preprocess.load
        self._planned = {request.key for request in requests if request.key not in singles}
        places = TASKS_PER_WORKER * self._load.workers
        # Heavy ones would else hold all places while light ones could overtake them.
        self._light, self._heavy = asyncio.Semaphore(places), asyncio.Semaphore(places)
        self._unfinished = 0
        self._room = asyncio.Event()
        self._extracted: dict[Hashable, _Extracted] = {}
        self._outcomes: dict[Hashable, Outcome] = {}

    @property
    def number(self) -> int:
        """How many extractions it will take."""
        return len(self._planned)

    async def run(self) -> dict[Hashable, Outcome]:
        """By the requests' keys their scores, or why they have none. Raises nothing of its own."""
        self._load.plan(self._models, len(self._planned))
        try:
            await self._extraction.wait_for(self._extract_all())
        except DeadlineExceeded:
            pass  # What is there is scored.
        finally:
            self._load.unplan(self._models, len(self._planned))
        await self._score_extracted()
        return {
            request.key: self._outcomes.get(request.key) or DeadlineExceeded()
            for request in self._requests
        }

    async def _extract_all(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for first in range(0, len(self._requests), GROUP):
                group = self._requests[first : first + GROUP]
                while self._unfinished > GROUP:
                    self._room.clear()
                    await self._room.wait()
                self._unfinished += len(group)
                for request in group:
                    tasks.create_task(self._join_or_extract(request))

    async def _join_or_extract(self, request: ScoreRequest) -> None:
        """See to one request's features or outcome. Raises nothing of its own."""
        try:
            joined = await self._join(request)
            if joined is None:
                self._extracted[request.key] = await self._extract(request)
            else:
                self._outcomes[request.key] = joined
        except Exception as error:
            self._outcomes[request.key] = error
        finally:
            self._unplan(request)
            self._unfinished -= 1
            self._room.set()

    async def _join(self, request: ScoreRequest) -> Scores | None:
        """The score of a request that asked alone, if that is under way. Raises ServingError."""
        if request.key not in self._singles:
            return None
        try:
            return await self._singles.join(request.key)
        except DeadlineExceeded:
            # Its own time was over, not ours.
            return None

    async def _extract(self, request: ScoreRequest) -> _Extracted:
        """Raises ServingError."""
        fetched = await self._fetch(request, self._extraction)
        came = time.perf_counter()
        async with self._heavy if fetched.work.heavy else self._light:
            waited = time.perf_counter() - came
            self._unplan(request)
            extract = Extract(request.models, fetched.documents, request.injected)
            result = await self._runners.preprocess.run(extract, self._extraction, fetched.work)
        return _Extracted(result.value, fetched.seconds, waited + result.queue_seconds)

    def _unplan(self, request: ScoreRequest) -> None:
        """From here on it counts by itself, or not any more."""
        if request.key in self._planned:
            self._planned.remove(request.key)
            self._load.unplan(self._models)

    async def _score_extracted(self) -> None:
        """One task for all; if that fails, so does each of them."""
        rows: dict[str, list[bytes]] = {name: [] for name in self._models}
        for extracted in self._extracted.values():
            for name, features in extracted.features.items():
                if isinstance(features, Features):
                    rows[name].append(features.packed)
        number = max(map(len, rows.values()))
        work = Work(("scoring", self._models), number, first=True)
        task = PredictBatch({name: packed for name, packed in rows.items() if packed})
        try:
            if number:
                run = self._runners.inference.run(task, self._deadline, work)
                scored = await self._deadline.wait_for(run)
            else:
                scored = Result({}, 0.0)
        except Exception as error:
            self._outcomes |= {key: error for key in self._extracted}
        else:
            await self._put_together(scored.value, scored.queue_seconds)

    async def _put_together(self, scored: Mapping[str, BatchScores], queue_seconds: float) -> None:
        """Each request's documents, which are in the order of the rows, with its features."""
        documents = {name: iter(of_model.documents) for name, of_model in scored.items()}
        for number, (key, extracted) in enumerate(self._extracted.items()):
            if number % GROUP == 0:
                # 500 take the event loop for 30 ms.
                await asyncio.sleep(0)
            scores: dict[str, Score | ServingError] = {}
            for name, features in extracted.features.items():
                if isinstance(features, ServingError):
                    scores[name] = features
                    continue
                document = next(documents[name])
                if isinstance(document, ServingError):
                    scores[name] = document
                    continue
                seconds = scored[name].seconds / len(scored[name].documents)
                scores[name] = Score(
                    document, features.base, features.seconds, seconds, features.checked
                )
                metrics.count_check(name, features.checked)
                metrics.observe_stages(
                    name,
                    fetch=extracted.fetch_seconds,
                    queue=extracted.queue_seconds + queue_seconds,
                    extract=features.seconds,
                    score=seconds,
                )
            self._outcomes[key] = scores
