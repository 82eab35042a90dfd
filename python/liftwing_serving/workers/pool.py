"""Runs tasks in worker processes, as many at a time as there are cores. Each worker runs one.

A worker that dies fails only its own task, which is tried once more on another worker. A task that
can no longer end in time is not begun. One that runs over its deadline may end, unless others wait
and a new worker costs less, or it seems to be stuck; nothing but killing its worker would stop it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded, Overloaded, WorkerLost
from liftwing_serving.preloading import Preloading
from liftwing_serving.workers import frames
from liftwing_serving.workers.cost import Work
from liftwing_serving.workers.crew import Crew
from liftwing_serving.workers.link import WorkerLink
from liftwing_serving.workers.load import Load
from liftwing_serving.workers.messages import HandlerSpec
from liftwing_serving.workers.overtime import is_stuck, stopping_is_cheaper
from liftwing_serving.workers.queue import Job, Result
from liftwing_serving.workers.schedule import Schedule

logger = logging.getLogger(__name__)

ATTEMPTS = 2
# How often a task that runs over its deadline is looked at.
WATCH_SECONDS = 0.1
# Workers beyond the cores: light tasks run in them while those of heavy tasks stand still.
LEAST_SPARE = 2


class WorkerPool:
    """Runs `size` tasks at a time, in as many workers and some more while any of them are heavy.

    Make it early: loading starts with the constructor, or has `begun`. `on_worker_death` is told of
    workers that ended unexpectedly, `on_worker_stopped` of those that the pool itself stopped.
    """

    def __init__(
        self,
        spec: HandlerSpec,
        size: int,
        on_worker_death: Callable[[], None] = lambda: None,
        on_worker_stopped: Callable[[], None] = lambda: None,
        max_queue_seconds: float = 10.0,
        begun: Preloading | None = None,
    ) -> None:
        self.size = size
        self.load = Load(max_queue_seconds)
        self.description: Any = None
        self._on_worker_death = on_worker_death
        self._on_worker_stopped = on_worker_stopped
        self._crew = Crew(spec, size, self._done, self._one_more, self._worker_lost, begun)
        self._schedule = Schedule(size)
        # Which worker has a job that was begun.
        self._at_work: dict[Job, WorkerLink] = {}
        self._closed = False

    async def start(self) -> None:
        """Wait until the template has loaded and the first workers run.

        Raises TemplateFailed if the handler cannot be made, OSError if a worker cannot be forked.
        """
        self.description = await self._crew.start()

    @property
    def alive(self) -> bool:
        """Whether work is taken: there is a worker, or there is one in milliseconds."""
        return self._crew.alive

    @property
    def workers_alive(self) -> int:
        """How many workers there are, free or busy."""
        return len(self._crew)

    @property
    def template_pid(self) -> int:
        """Process id of the present template."""
        return self._crew.template_pid

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the present workers."""
        return self._crew.worker_pids

    async def run(self, task: object, deadline: Deadline, work: Work = Work()) -> Result:
        """Run one task on some worker.

        Raises what the handler raised if that was a ServingError; Overloaded if it cannot end in
        time; WorkerLost if two workers died over it; DeadlineExceeded; InternalError for any other
        exception in the handler.
        """
        if self._closed:
            raise WorkerLost("The server is stopping.")
        now, left = time.monotonic(), deadline.remaining()
        refusal = self.load.late_refusal(work, left, now)
        if refusal is not None:
            raise Overloaded(refusal)
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        job = Job(frames.encode(task), self.load.add(work, now, left), deadline, result)
        job.timer = loop.call_later(left, self._overdue, job)
        self._schedule.wait(job)
        self._dispatch()
        try:
            return await result
        except asyncio.CancelledError:
            self._drop(job)
            raise

    async def close(self) -> None:
        """Stop all processes. Unfinished tasks fail with WorkerLost."""
        self._closed = True
        for job in self._schedule:
            job.fail(WorkerLost("The server is stopping."))
        await self._crew.close()

    def _dispatch(self) -> None:
        """Begin, pause and resume jobs until those run that should."""
        while job := self._schedule.next(self._crew.any_idle):
            now = time.monotonic()
            if job.begun:
                self._at_work[job].resume()
                self.load.resume(job.share, now)
            elif self._is_too_late(job):
                self._drop(job)
                continue
            else:
                self._make_room(job, now)
                self._at_work[job] = worker = self._crew.take_idle()
                self.load.begin(job.share, now)
                worker.start(job)
            self._schedule.run(job)
            spare = min(self._schedule.heavy_begun, max(LEAST_SPARE, self.size // 2))
            self._crew.grow(self.size + spare)

    def _make_room(self, job: Job, now: float) -> None:
        """Pause the job in its way, if there is one."""
        other = self._schedule.in_the_way(job)
        if other is not None:
            self._at_work[other].pause()
            self.load.pause(other.share, now)
            self._schedule.pause(other)

    def _is_too_late(self, job: Job) -> bool:
        """Whether nobody would have its result; one that nobody else waits behind may try."""
        expected = self.load.expected(job.share.work) if self._schedule.waiting > 1 else 0.0
        return job.result.done() or job.deadline.remaining() <= expected

    def _drop(self, job: Job) -> None:
        """Let go of a job; one that was begun is left to its worker."""
        if job.begun:
            return
        self._schedule.remove(job)
        self.load.remove(job.share)
        job.fail(DeadlineExceeded())

    def _overdue(self, job: Job) -> None:
        """Answer; if it was begun, look after its worker."""
        job.fail(DeadlineExceeded())
        self._drop(job)
        if job in self._at_work:
            self._watch(self._at_work[job], job)

    def _watch(self, worker: WorkerLink, job: Job) -> None:
        """Stop a worker whose task nobody waits for, once that is better than to let it end."""
        if worker.job is not job:
            return
        ran, expected = job.share.ran(time.monotonic()), job.share.seconds
        if (self._schedule.waiting and stopping_is_cheaper(expected, ran)) or is_stuck(
            expected, ran, job.seconds_given
        ):
            logger.warning("a task is over its deadline, its worker ends: pid %d", worker.pid)
            worker.kill()
            return
        loop = asyncio.get_running_loop()
        job.timer = loop.call_later(WATCH_SECONDS, self._watch, worker, job)

    def _done(self, job: Job) -> None:
        self._leave_worker(job)
        self.load.finish(job.share, time.monotonic())
        self._dispatch()

    def _one_more(self) -> None:
        self._count_workers()
        self._dispatch()

    def _worker_lost(self, worker: WorkerLink, job: Job | None) -> None:
        self._count_workers()
        if job is not None:
            self._leave_worker(job)
        if self._closed:
            return
        if worker.condemned:
            self._on_worker_stopped()
        else:
            logger.warning("a worker died: pid %d", worker.pid)
            self._on_worker_death()
        if job is not None:
            self._try_again(job)
        self._dispatch()

    def _leave_worker(self, job: Job) -> None:
        del self._at_work[job]
        self._schedule.remove(job)

    def _try_again(self, job: Job) -> None:
        if job.attempts >= ATTEMPTS:
            job.fail(WorkerLost("The worker processes that did this work died."))
        if job.result.done():
            job.timer.cancel()
            self.load.remove(job.share)
            return
        self.load.put_back(job.share)
        self._schedule.wait(job)

    def _count_workers(self) -> None:
        self.load.workers = max(1, min(self.size, len(self._crew)))
