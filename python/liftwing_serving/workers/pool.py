"""The pool of worker processes: gives them tasks and replaces them. Each runs one task at a time.

A worker that dies fails only its own task, which is tried once more on another worker, and is
replaced by a fork of the template, in milliseconds. A task that can no longer end in time is not
begun. One that runs over its deadline may end, unless others wait and a new worker costs less, or
it seems to be stuck; nothing but killing its worker would stop it. When the template itself dies
the workers go on, and a new template is started.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded, Overloaded, WorkerLost
from liftwing_serving.workers import frames
from liftwing_serving.workers.link import WorkerLink
from liftwing_serving.workers.load import Load, Work, is_stuck, stopping_is_cheaper
from liftwing_serving.workers.messages import NOT_FORKED, HandlerSpec
from liftwing_serving.workers.queue import Job, JobQueue, Result
from liftwing_serving.workers.template import Template, TemplateFailed, adopt_orphans

logger = logging.getLogger(__name__)

ATTEMPTS = 2
# A fork takes milliseconds; a template that takes longer is stopped or swapped out.
FORK_SECONDS = 5.0
# Loading takes seconds, and minutes where embeddings come from a slow disk.
LOAD_SECONDS = 600.0
FIRST_DELAY_SECONDS = 0.05
MAX_DELAY_SECONDS = 30.0
# How often to look for processes that ended, besides when one is known to be missing.
ROUND_SECONDS = 5.0
# How often a task that runs over its deadline is looked at.
WATCH_SECONDS = 0.1


class WorkerPool:
    """`size` workers, made from `spec`. Make it early: loading starts with the constructor.

    `on_worker_death` is told of workers that ended unexpectedly, `on_worker_stopped` of those that
    the pool itself stopped.
    """

    def __init__(
        self,
        spec: HandlerSpec,
        size: int,
        on_worker_death: Callable[[], None] = lambda: None,
        on_worker_stopped: Callable[[], None] = lambda: None,
        max_queue_seconds: float = 10.0,
    ) -> None:
        self.size = size
        self.load = Load(max_queue_seconds)
        self._on_worker_death = on_worker_death
        self._on_worker_stopped = on_worker_stopped
        self.description: Any = None
        self._spec = spec
        adopt_orphans()
        self._template = Template(spec)
        self._old_templates: list[Template] = []
        self._workers: set[WorkerLink] = set()
        self._idle: deque[WorkerLink] = deque()
        self._queue = JobQueue()
        # Whether the present template has not just failed to fork.
        self._forks = True
        self._missing = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self) -> None:
        """Wait until the template has loaded and the first workers run.

        Raises TemplateFailed if the handler cannot be made, OSError if a worker cannot be forked.
        """
        self.description = await self._template.attach(self._template_lost)
        for _ in range(self.size):
            await self._add_worker()
        self._keeper = asyncio.get_running_loop().create_task(self._keep_whole())

    @property
    def alive(self) -> bool:
        """Whether work is taken: there is a worker, or there is one in milliseconds."""
        return bool(self._workers) or (self._forks and self._template.ready)

    @property
    def workers_alive(self) -> int:
        """How many workers there are, free or busy."""
        return len(self._workers)

    @property
    def template_pid(self) -> int:
        """Process id of the present template."""
        return self._template.pid

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the present workers."""
        return [worker.pid for worker in self._workers]

    async def run(self, task: object, deadline: Deadline, work: Work = Work()) -> Result:
        """Run one task on some worker.

        Raises what the handler raised if that was a ServingError; Overloaded if it is heavy and
        cannot end in time; WorkerLost if two workers died over it; DeadlineExceeded; InternalError
        for any other exception in the handler.
        """
        if self._closed:
            raise WorkerLost("The server is stopping.")
        if work.heavy:
            refusal = self.load.refusal_of_heavy(work, deadline.remaining(), time.monotonic())
            if refusal is not None:
                raise Overloaded(refusal)
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        job = Job(frames.encode(task), self.load.add(work), deadline, result)
        job.timer = loop.call_later(deadline.remaining(), self._overdue, job)
        self._queue.add(job)
        self._dispatch()
        try:
            return await result
        except asyncio.CancelledError:
            self._drop(job)
            raise

    async def close(self) -> None:
        """Stop all processes. Unfinished tasks fail with WorkerLost."""
        self._closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        for job in [*self._queue.take_all(), *(worker.take_job() for worker in self._workers)]:
            if job is not None:
                job.fail(WorkerLost("The server is stopping."))
        for template in [*self._old_templates, self._template]:
            # Waiting for killed processes takes milliseconds, which are not the event loop's.
            template.detach()
            await asyncio.to_thread(template.kill)

    def _dispatch(self) -> None:
        while self._idle and self._queue:
            # A job given to a worker that died a moment ago would lose one of its tries.
            if self._idle[0].has_ended():
                self._idle.popleft()
                continue
            job = self._queue.next(self._heavy_allowed())
            if job is None:
                return
            if self._is_too_late(job):
                self._drop(job)
                continue
            self.load.begin(job.share, time.monotonic())
            self._idle.popleft().start(job)

    def _is_too_late(self, job: Job) -> bool:
        """Whether nobody would have its result; one that nobody else waits behind may try."""
        expected = self.load.expected(job.share.work) if self._queue else 0.0
        return job.result.done() or job.deadline.remaining() <= expected

    def _drop(self, job: Job) -> None:
        """Let go of a job; one that runs is left to its worker."""
        if job.share.began is not None:
            return
        self._queue.remove(job)
        self.load.remove(job.share)
        job.fail(DeadlineExceeded())

    def _heavy_allowed(self) -> bool:
        """Heavy jobs leave a worker to the light ones, if there is more than one."""
        running = sum(1 for worker in self._workers if worker.job and worker.job.heavy)
        return running < max(1, self.size - 1)

    def _overdue(self, job: Job) -> None:
        """Answer; if it runs, look after its worker."""
        job.fail(DeadlineExceeded())
        self._drop(job)
        for worker in self._workers:
            if worker.job is job:
                self._watch(worker, job)

    def _watch(self, worker: WorkerLink, job: Job) -> None:
        """Stop a worker whose task nobody waits for, once that is better than to let it end."""
        if worker.job is not job:
            return
        ran, expected = time.monotonic() - job.started_at, job.share.seconds
        others_wait = bool(self._queue) and not self._idle
        if (others_wait and stopping_is_cheaper(expected, ran)) or is_stuck(
            expected, ran, job.seconds_given
        ):
            logger.warning("a task is over its deadline, its worker ends: pid %d", worker.pid)
            worker.kill()
            return
        loop = asyncio.get_running_loop()
        job.timer = loop.call_later(WATCH_SECONDS, self._watch, worker, job)

    def _task_done(self, worker: WorkerLink, job: Job) -> None:
        self.load.finish(job.share, time.monotonic())
        self._worker_free(worker)

    def _worker_free(self, worker: WorkerLink) -> None:
        if worker in self._workers:
            self._idle.append(worker)
        self._dispatch()

    def _worker_lost(self, worker: WorkerLink) -> None:
        if worker not in self._workers:
            return
        self._workers.discard(worker)
        self._count_workers()
        if worker in self._idle:
            self._idle.remove(worker)
        job = worker.take_job()
        if self._closed:
            return
        if worker.condemned:
            self._on_worker_stopped()
        else:
            logger.warning("a worker died: pid %d", worker.pid)
            self._on_worker_death()
        self._missing.set()
        if job is not None:
            self._try_again(job)
        self._dispatch()

    def _try_again(self, job: Job) -> None:
        if job.attempts >= ATTEMPTS:
            job.fail(WorkerLost("The worker processes that did this work died."))
        if job.result.done():
            job.timer.cancel()
            self.load.remove(job.share)
            return
        self.load.put_back(job.share)
        self._queue.put_back(job)

    def _count_workers(self) -> None:
        self.load.workers = max(1, len(self._workers))

    def _template_lost(self) -> None:
        if not self._closed:
            logger.warning("the template process died: pid %d", self._template.pid)
            self._missing.set()

    async def _keep_whole(self) -> None:
        """Replace what died for as long as the pool is open, with growing delays after failures."""
        delay = FIRST_DELAY_SECONDS
        while True:
            try:
                while not self._template.alive or len(self._workers) < self.size:
                    await self._replace_one()
                    delay = FIRST_DELAY_SECONDS
                await self._bury()
                async with asyncio.timeout(ROUND_SECONDS):
                    await self._missing.wait()
            except TimeoutError:
                pass
            except (TemplateFailed, OSError) as error:
                logger.error("the pool is not whole, trying again in %g s: %s", delay, error)
                self._forks = False
                await self._bury()
                await asyncio.sleep(delay)
                delay = min(2 * delay, MAX_DELAY_SECONDS)
            self._missing.clear()

    async def _replace_one(self) -> None:
        """A new template if there is none, else one more worker. Raises TemplateFailed, OSError."""
        if self._template.alive:
            await self._add_worker()
            return
        template = Template(self._spec)
        self._old_templates.append(self._template)
        self._template = template
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                await template.attach(self._template_lost)
            self._forks = True
        except TimeoutError:
            template.detach()
            raise TemplateFailed("the new template does not finish loading") from None

    async def _add_worker(self) -> None:
        """Fork one worker. Raises OSError if that fails or the worker ends at once."""
        connection, forked = self._template.fork()
        template = self._template
        try:
            transport, worker = await asyncio.get_running_loop().create_unix_connection(
                lambda: WorkerLink(connection, template, self._task_done, self._worker_lost),
                sock=connection,
            )
        except BaseException:
            connection.close()
            raise
        try:
            worker.identify(await self._pid(forked))
            if worker.lost or worker.has_ended():
                raise ConnectionError("a worker ended as soon as it was forked")
        except BaseException:
            # The worker, if there is one after all, ends when its socket closes.
            transport.close()
            raise
        self._workers.add(worker)
        self._forks = True
        self._count_workers()
        self._worker_free(worker)

    async def _pid(self, forked: asyncio.Future[int]) -> int:
        """The process id that the template reports. Raises OSError."""
        try:
            async with asyncio.timeout(FORK_SECONDS):
                pid = await forked
        except TimeoutError:
            self._template.stop_forking()
            raise OSError("the template does not answer and is replaced") from None
        if pid == NOT_FORKED:
            raise OSError("the system has no room for another process")
        return pid

    async def _bury(self) -> None:
        """Reap the ended workers of dead templates, and let go of templates that have none left."""
        for template in list(self._old_templates):
            template.reap_workers()
            if not any(worker.template is template for worker in self._workers):
                self._old_templates.remove(template)
                await asyncio.to_thread(template.kill)
