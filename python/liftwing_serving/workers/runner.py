"""Where tasks run, off the event loop: in worker processes or in a thread, as the settings say."""

from __future__ import annotations

import asyncio
import functools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded, StartFailed
from liftwing_serving.preloading import Preloading
from liftwing_serving.workers.cost import Work
from liftwing_serving.workers.load import Load, Share
from liftwing_serving.workers.messages import Handler, HandlerSpec
from liftwing_serving.workers.pool import WorkerPool
from liftwing_serving.workers.queue import Result
from liftwing_serving.workers.template import TemplateFailed

if TYPE_CHECKING:
    from liftwing_serving.settings import WorkerSettings


class Runner(Protocol):
    """Runs tasks. `description` is what the handler's `describe` returned, once started."""

    description: Any
    load: Load

    @property
    def alive(self) -> bool:
        """Whether anything is left that could run a task."""

    async def start(self) -> None:
        """Have the handler made. Raises TemplateFailed, OSError."""

    async def run(self, task: object, deadline: Deadline, work: Work = Work()) -> Result:
        """The task's result. Raises ServingError; see WorkerPool.run."""

    async def close(self) -> None:
        """Stop; tasks that have not ended fail or are cancelled."""


class ThreadRunner:
    """A runner in one thread of the server, to debug: no isolation, nothing can be stopped."""

    alive = True

    def __init__(self, spec: HandlerSpec, max_queue_seconds: float) -> None:
        self.description: Any = None
        self.load = Load(max_queue_seconds)
        self._spec = spec
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="handler")
        self._handler: Handler | None = None

    async def start(self) -> None:
        """Import and load in the thread. Raises StartFailed if the handler cannot be made."""
        loop = asyncio.get_running_loop()
        try:
            self._handler = await loop.run_in_executor(self._thread, self._spec.make)
        except StartFailed:
            raise
        except Exception as error:
            raise TemplateFailed(f"{type(error).__name__}: {error}") from error
        self.description = self._handler.describe()

    async def run(self, task: object, deadline: Deadline, work: Work = Work()) -> Result:
        """Run the task in the thread; after its deadline it is left to finish unheard.

        Raises DeadlineExceeded if the thread comes to it too late.
        """
        queued_at = time.monotonic()
        share = self.load.add(work, queued_at, deadline.remaining())
        run = functools.partial(self._run, task, deadline, share)
        try:
            value = await asyncio.get_running_loop().run_in_executor(self._thread, run)
            assert share.began is not None
            result = Result(value, share.began - queued_at)
            self.load.finish(share, time.monotonic())
            return result
        finally:
            self.load.remove(share)

    async def close(self) -> None:
        """Let the present task finish, cancel the others."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    def _run(self, task: object, deadline: Deadline, share: Share) -> object:
        """In the thread."""
        if deadline.passed():
            raise DeadlineExceeded
        share.began = time.monotonic()
        assert self._handler is not None, "not started"
        return self._handler(task)


@dataclass(frozen=True, slots=True)
class Runners:
    """The runners of feature extraction and of scoring, which are often the same one."""

    preprocess: Runner
    inference: Runner

    @property
    def alive(self) -> bool:
        """Whether both steps could be run now."""
        return self.preprocess.alive and self.inference.alive

    async def start(self) -> Any:
        """Start them; returns the handler's description. Raises TemplateFailed, OSError."""
        await asyncio.gather(*(runner.start() for runner in self._distinct))
        return self.preprocess.description

    def refusal(self, work: Work, deadline: Deadline, number: int = 1) -> int | None:
        """Whether a request that arrives is one too many: in how many seconds it might not be.

        A batch has a `number` of extractions; where scoring is apart, that is one task for all.
        """
        now = time.monotonic()
        left = deadline.at - now
        refusals = [self.preprocess.load.refusal(work, left, now, number)]
        if self.inference is not self.preprocess:
            refusals.append(self.inference.load.refusal(Work(work.kind), left, now))
        return max((seconds for seconds in refusals if seconds is not None), default=None)

    async def close(self) -> None:
        """Stop workers and threads."""
        await asyncio.gather(*(runner.close() for runner in self._distinct))

    @property
    def _distinct(self) -> set[Runner]:
        return {self.preprocess, self.inference}


def make_runners(
    settings: WorkerSettings, spec: HandlerSpec, begun: Preloading | None = None
) -> Runners:
    """The runners that the settings ask for. A pool of workers loads at once, or has `begun` to.

    Raises OSError if its template process cannot be started.
    """
    # A template imports this module too, and has no use for metrics.
    from liftwing_serving import metrics

    in_pool = [
        settings.asyncio_use_process_pool and step
        for step in (settings.preprocess_mp, settings.inference_mp)
    ]
    pool = thread = None
    if any(in_pool):
        pool = WorkerPool(
            spec,
            settings.asyncio_aux_workers,
            metrics.WORKER_DEATHS.inc,
            metrics.WORKERS_STOPPED.inc,
            settings.max_queue_seconds,
            begun,
        )
        metrics.WORKERS.set_function(functools.partial(getattr, pool, "workers_alive"))
    elif begun:
        begun.kill()
    if not all(in_pool):
        thread = ThreadRunner(spec, settings.max_queue_seconds)
    preprocess, inference = (pool if wanted else thread for wanted in in_pool)
    assert preprocess is not None and inference is not None
    return Runners(preprocess, inference)
