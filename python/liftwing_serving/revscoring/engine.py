"""Runs extraction and scoring where the settings want them: in worker processes or a thread."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from liftwing_serving import metrics
from liftwing_serving.deadline import Deadline
from liftwing_serving.documents import Documents
from liftwing_serving.jobs import Outcome
from liftwing_serving.pool import WorkerPool
from liftwing_serving.revscoring.tasks import (
    Extract,
    ExtractAndPredict,
    ModelInfo,
    Predict,
    Score,
)
from liftwing_serving.settings import Settings
from liftwing_serving.template import TemplateFailed
from liftwing_serving.worker import HandlerSpec


class Runner(Protocol):
    """Runs tasks off the event loop."""

    description: Any

    async def start(self) -> None:
        """Load the models. Raises TemplateFailed."""

    async def run(self, task: object, deadline: Deadline, heavy: bool = False) -> Outcome:
        """The task's outcome; see WorkerPool.run for what it raises."""

    async def close(self) -> None:
        """Stop."""


class ThreadRunner:
    """A runner in one thread of the server, to debug: no isolation, nothing can be stopped."""

    def __init__(self, spec: HandlerSpec) -> None:
        self.description: Any = None
        self._spec = spec
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="handler")
        self._handler: Any = None

    async def start(self) -> None:
        """Import and load in the thread. Raises TemplateFailed, like a pool."""
        loop = asyncio.get_running_loop()
        try:
            self._handler = await loop.run_in_executor(self._thread, self._spec.make)
        except Exception as error:
            raise TemplateFailed(f"{type(error).__name__}: {error}") from error
        self.description = self._handler.describe()

    async def run(self, task: object, deadline: Deadline, heavy: bool = False) -> Outcome:
        """Run the task in the thread; after its deadline it is left to finish unheard."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._thread, functools.partial(self._handler, task))
        return Outcome(await deadline.wait_for(work, "it was scored"), queue_seconds=0.0)

    async def close(self) -> None:
        """Let the present task finish, drop the others."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)


class Engine:
    """Documents in, score out. `heavy_bytes` is the size from which a revision is heavy."""

    def __init__(self, extractor: Runner, predictor: Runner, heavy_bytes: int) -> None:
        self._extractor = extractor
        self._predictor = predictor
        self._heavy_bytes = heavy_bytes
        self.pool = extractor if isinstance(extractor, WorkerPool) else None
        if self.pool is None and isinstance(predictor, WorkerPool):
            self.pool = predictor

    async def start(self) -> list[ModelInfo]:
        """Load the models; returns what is known of them."""
        await asyncio.gather(*(runner.start() for runner in self._runners()))
        if self.pool:
            pool = self.pool
            metrics.WORKERS.set_function(lambda: pool.workers_alive)
        infos: list[ModelInfo] = self._extractor.description
        return infos

    async def score(self, model: str, documents: Documents, deadline: Deadline) -> Score:
        """The score of one revision. Raises ServingError."""
        heavy = documents.bytes >= self._heavy_bytes
        if self._extractor is self._predictor:
            task = ExtractAndPredict(model, documents)
            outcome = await self._extractor.run(task, deadline, heavy)
            queued = outcome.queue_seconds
        else:
            extracted = await self._extractor.run(Extract(model, documents), deadline, heavy)
            outcome = await self._predictor.run(Predict(model, extracted.value), deadline)
            queued = extracted.queue_seconds + outcome.queue_seconds
        score: Score = outcome.value
        metrics.observe_stage(model, "queue", queued)
        metrics.observe_stage(model, "extract", score.extract_seconds)
        metrics.observe_stage(model, "score", score.predict_seconds)
        return score

    @property
    def alive(self) -> bool:
        """Whether there is anything left that could score."""
        return self.pool is None or self.pool.workers_alive > 0

    async def close(self) -> None:
        """Stop workers and threads."""
        await asyncio.gather(*(runner.close() for runner in self._runners()))

    def _runners(self) -> set[Runner]:
        return {self._extractor, self._predictor}


def make_engine(settings: Settings, spec: HandlerSpec) -> Engine:
    """The engine that the settings ask for. A worker pool starts loading at once."""
    extract_in_pool = settings.asyncio_use_process_pool and settings.preprocess_mp
    predict_in_pool = settings.asyncio_use_process_pool and settings.inference_mp
    pool = thread = None
    if extract_in_pool or predict_in_pool:
        pool = WorkerPool(spec, settings.asyncio_aux_workers, metrics.WORKER_DEATHS.inc)
    if not (extract_in_pool and predict_in_pool):
        thread = ThreadRunner(spec)
    extractor = pool if extract_in_pool else thread
    predictor = pool if predict_in_pool else thread
    assert extractor is not None and predictor is not None
    return Engine(extractor, predictor, settings.mwapi_revid_content_threshold_bytes)
