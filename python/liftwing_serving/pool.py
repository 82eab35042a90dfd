"""Worker processes that hold the models: tasks go in, plain values come out.

Knows nothing of MediaWiki, KServe or revscoring: a task is any picklable value, and what it means
is the handler's affair (`worker.Handler`). One worker runs one task at a time.

A worker that dies fails only its own task, which is tried once more on another worker, and is
replaced by a fork of the template, in milliseconds. A task over its deadline is stopped by killing
its worker. When the template itself dies the workers go on, and a new template is started.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from liftwing_serving import frames
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded, InternalError, WorkerLost
from liftwing_serving.template import Template, TemplateFailed, adopt_orphans
from liftwing_serving.worker import Done, HandlerSpec, Raised

logger = logging.getLogger(__name__)

ATTEMPTS = 2
# A heavy task counts as if it had come that much later, so light ones overtake it, yet not for
# ever.
HEAVY_HANDICAP_SECONDS = 1.0
MAX_RESTART_DELAY_SECONDS = 30.0


@dataclass(slots=True, eq=False)
class _Job:
    frame: bytes
    deadline: Deadline
    heavy: bool
    result: asyncio.Future[Any]
    queued_at: float = field(default_factory=time.monotonic)
    started_at: float = 0.0
    attempts: int = 0

    @property
    def rank(self) -> float:
        return self.queued_at + (HEAVY_HANDICAP_SECONDS if self.heavy else 0.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task returned, and how many seconds it waited for a worker."""

    value: Any
    queue_seconds: float


class _Worker(asyncio.Protocol):
    """The server's end of one worker's socket."""

    def __init__(self, pool: WorkerPool) -> None:
        self.pid = 0
        self.job: _Job | None = None
        self._pool = pool
        self._decoder = frames.Decoder()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def start(self, job: _Job) -> None:
        """Send the job's task; its deadline stops this worker."""
        assert self._transport is not None
        self.job = job
        job.attempts += 1
        job.started_at = time.monotonic()
        self._transport.write(job.frame)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(job.deadline.remaining(), self._overdue, job)

    def data_received(self, data: bytes) -> None:
        for message in self._decoder.feed(data):
            self._finish(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool._worker_lost(self)

    def take_job(self) -> _Job | None:
        """The unfinished job, if any; the worker has none afterwards."""
        job, self.job = self.job, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return job

    def kill(self) -> None:
        """End the process now. Its socket then closes, which does the rest."""
        if self.pid:
            _kill(self.pid)

    def _finish(self, message: Done | Raised) -> None:
        job = self.take_job()
        if job is not None and not job.result.done():
            if isinstance(message, Done):
                job.result.set_result(Outcome(message.value, job.started_at - job.queued_at))
            elif message.error is not None:
                job.result.set_exception(message.error)
            else:
                job.result.set_exception(InternalError("a task failed", message.details))
        self._pool._worker_free(self)

    def _overdue(self, job: _Job) -> None:
        if not job.result.done():
            job.result.set_exception(DeadlineExceeded("The revision took too long to score."))
        logger.warning("a task was over its deadline, its worker is stopped: pid %d", self.pid)
        self.kill()


class WorkerPool:
    """`size` workers, made from `spec`. Make it early: loading starts with the constructor."""

    def __init__(
        self, spec: HandlerSpec, size: int, on_worker_death: Callable[[], None] = lambda: None
    ) -> None:
        self.size = size
        self._on_worker_death = on_worker_death
        self.description: Any = None
        self._spec = spec
        adopt_orphans()
        self._template = Template(spec)
        self._old_templates: list[Template] = []
        self._workers: set[_Worker] = set()
        self._idle: deque[_Worker] = deque()
        self._light: deque[_Job] = deque()
        self._heavy: deque[_Job] = deque()
        self._starting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        """Wait until the template has loaded and the first workers run.

        Raises TemplateFailed if the handler cannot be made.
        """
        self.description = await self._template.attach(self._template_lost)
        await asyncio.gather(*(self._add_worker() for _ in range(self.size)))

    @property
    def workers_alive(self) -> int:
        """How many workers could take a task now or after the one they have."""
        return len(self._workers)

    @property
    def template_pid(self) -> int:
        """Process id of the present template."""
        return self._template.pid

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the present workers."""
        return [worker.pid for worker in self._workers]

    async def run(self, task: object, deadline: Deadline, heavy: bool = False) -> Outcome:
        """Run one task on some worker.

        Raises what the handler raised if that was a ServingError; WorkerLost if two workers died
        over it; DeadlineExceeded; InternalError for any other exception in the handler.
        """
        if self._closed:
            raise WorkerLost("The server is stopping.")
        result: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        job = _Job(frames.encode(task), deadline, heavy, result)
        (self._heavy if heavy else self._light).append(job)
        self._dispatch()
        return await deadline.wait_for(result, "it waited for a worker")

    async def close(self) -> None:
        """Stop all processes. Unfinished tasks fail with WorkerLost."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        jobs = [*self._light, *self._heavy, *(w.take_job() for w in self._workers)]
        for job in jobs:
            if job is not None and not job.result.done():
                job.result.set_exception(WorkerLost("The server is stopping."))
        self._light.clear()
        self._heavy.clear()
        for template in [*self._old_templates, self._template]:
            # Waiting for killed processes takes milliseconds, which are not the event loop's.
            template.detach()
            await asyncio.to_thread(template.kill)

    def _dispatch(self) -> None:
        while self._idle and (job := self._next_job()):
            self._idle.popleft().start(job)

    def _next_job(self) -> _Job | None:
        for queue in (self._light, self._heavy):
            while queue and queue[0].result.done():
                queue.popleft()
        heavy_running = sum(1 for w in self._workers if w.job is not None and w.job.heavy)
        heavy_allowed = heavy_running < max(1, self.size - 1)
        heads = [self._light] if self._light else []
        if self._heavy and heavy_allowed:
            heads.append(self._heavy)
        return min(heads, key=lambda queue: queue[0].rank).popleft() if heads else None

    def _worker_free(self, worker: _Worker) -> None:
        if worker in self._workers:
            self._idle.append(worker)
        self._dispatch()

    def _worker_lost(self, worker: _Worker) -> None:
        if worker not in self._workers:
            return
        self._workers.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        job = worker.take_job()
        if self._closed:
            return
        logger.warning("a worker died: pid %d", worker.pid)
        self._on_worker_death()
        _reap(worker.pid)
        if job is not None and not job.result.done():
            self._try_again(job)
        self._spawn(self._add_worker())

    def _try_again(self, job: _Job) -> None:
        if job.attempts >= ATTEMPTS:
            job.result.set_exception(
                WorkerLost("The worker processes that scored this revision died.")
            )
            return
        (self._heavy if job.heavy else self._light).appendleft(job)
        self._dispatch()

    async def _add_worker(self) -> None:
        """Fork one worker, unless there are enough; a dead template leaves it to its successor."""
        if len(self._workers) + self._starting >= self.size or not self._template.alive:
            return
        self._starting += 1
        try:
            connection, pid = self._template.fork()
            _, worker = await asyncio.get_running_loop().create_unix_connection(
                lambda: _Worker(self), sock=connection
            )
            worker.pid = await pid
        except ConnectionError:
            return
        finally:
            self._starting -= 1
        self._workers.add(worker)
        self._worker_free(worker)

    def _template_lost(self) -> None:
        if not self._closed:
            logger.warning("the template process died: pid %d", self._template.pid)
            self._spawn(self._replace_template())

    async def _replace_template(self) -> None:
        """Start a new template and fill the pool up; try until it loads."""
        delay = 0.5
        while True:
            self._old_templates.append(self._template)
            self._template = Template(self._spec)
            try:
                await self._template.attach(self._template_lost)
                break
            except TemplateFailed as error:
                logger.error("the template cannot load: %s", error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, MAX_RESTART_DELAY_SECONDS)
        missing = self.size - len(self._workers)
        await asyncio.gather(*(self._add_worker() for _ in range(missing)))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _reap(pid: int) -> None:
    """Reap a worker whose template died; any other is the template's child, not ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
