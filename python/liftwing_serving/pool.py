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
from collections import deque
from collections.abc import Callable
from typing import Any

from liftwing_serving import frames
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import WorkerLost
from liftwing_serving.jobs import Job, JobQueue, Outcome
from liftwing_serving.template import Template, TemplateFailed, adopt_orphans
from liftwing_serving.worker import HandlerSpec
from liftwing_serving.workerlink import WorkerLink

logger = logging.getLogger(__name__)

ATTEMPTS = 2
MAX_RESTART_DELAY_SECONDS = 30.0


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
        self._workers: set[WorkerLink] = set()
        self._idle: deque[WorkerLink] = deque()
        self._queue = JobQueue()
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
        self._queue.add(Job(frames.encode(task), deadline, heavy, result))
        self._dispatch()
        return await deadline.wait_for(result, "it waited for a worker")

    async def close(self) -> None:
        """Stop all processes. Unfinished tasks fail with WorkerLost."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for job in [*self._queue.take_all(), *(worker.take_job() for worker in self._workers)]:
            if job is not None:
                job.fail(WorkerLost("The server is stopping."))
        for template in [*self._old_templates, self._template]:
            # Waiting for killed processes takes milliseconds, which are not the event loop's.
            template.detach()
            await asyncio.to_thread(template.kill)

    def _dispatch(self) -> None:
        while self._idle:
            # A job given to a worker that died a moment ago would lose one of its tries.
            if self._idle[0].has_ended():
                self._idle.popleft()
                continue
            job = self._queue.next(self._heavy_allowed())
            if job is None:
                return
            self._idle.popleft().start(job)

    def _heavy_allowed(self) -> bool:
        """Heavy jobs leave a worker to the light ones, if there is more than one."""
        running = sum(1 for worker in self._workers if worker.job and worker.job.heavy)
        return running < max(1, self.size - 1)

    def _worker_free(self, worker: WorkerLink) -> None:
        if worker in self._workers:
            self._idle.append(worker)
        self._dispatch()

    def _worker_lost(self, worker: WorkerLink) -> None:
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
        if job is not None:
            self._try_again(job)
        self._spawn(self._add_worker())

    def _try_again(self, job: Job) -> None:
        if job.attempts >= ATTEMPTS:
            job.fail(WorkerLost("The worker processes that scored this revision died."))
            return
        self._queue.put_back(job)
        self._dispatch()

    async def _add_worker(self) -> None:
        """Fork one worker, unless there are enough; a dead template leaves it to its successor."""
        if len(self._workers) + self._starting >= self.size or not self._template.alive:
            return
        self._starting += 1
        try:
            connection, pid = self._template.fork()
            _, worker = await asyncio.get_running_loop().create_unix_connection(
                lambda: WorkerLink(connection, self._worker_free, self._worker_lost),
                sock=connection,
            )
            worker.pid = await pid
        except ConnectionError:
            return
        finally:
            self._starting -= 1
        self._workers.add(worker)
        if worker.lost:
            # It died before it was one of ours; now it can be missed.
            self._worker_lost(worker)
            return
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


def _reap(pid: int) -> None:
    """Reap a worker whose template died; any other is the template's child, not ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
