"""The workers of a pool: forks them, tells which are idle, and replaces those that end.

A dead worker is replaced by a fork of the template, in milliseconds. When the template itself dies
the workers go on, and a new template is started.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from liftwing_serving.preloading import Preloading
from liftwing_serving.workers.link import WorkerLink
from liftwing_serving.workers.messages import NOT_FORKED, HandlerSpec
from liftwing_serving.workers.queue import Job
from liftwing_serving.workers.template import Template, TemplateFailed, adopt_orphans

logger = logging.getLogger(__name__)

# A fork takes milliseconds; a template that takes longer is stopped or swapped out.
FORK_SECONDS = 5.0
# Loading takes seconds, and minutes where embeddings come from a slow disk.
LOAD_SECONDS = 600.0
FIRST_DELAY_SECONDS = 0.05
MAX_DELAY_SECONDS = 30.0
# How often to look for processes that ended, besides when one is known to be missing.
ROUND_SECONDS = 5.0


class Crew:
    """`size` workers, made from `spec`; loading starts with the constructor, or has `begun`.

    `on_done` is called with each job that ended, `on_idle` when a worker may be taken, `on_lost`
    when one has ended, with the job that it had.
    """

    def __init__(
        self,
        spec: HandlerSpec,
        size: int,
        on_done: Callable[[Job], None],
        on_idle: Callable[[], None],
        on_lost: Callable[[WorkerLink, Job | None], None],
        begun: Preloading | None = None,
    ) -> None:
        self.size = size
        self._spec = spec
        self._on_done = on_done
        self._on_idle = on_idle
        self._on_lost = on_lost
        adopt_orphans()
        self._template = Template(spec, begun)
        self._old_templates: list[Template] = []
        self._workers: set[WorkerLink] = set()
        self._idle: deque[WorkerLink] = deque()
        # Whether the present template has not just failed to fork.
        self._forks = True
        self._missing = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self) -> object:
        """What the handler describes, once it is made and the first workers run.

        Raises TemplateFailed if the handler cannot be made, OSError if a worker cannot be forked.
        """
        description = await self._template.attach(self._template_lost)
        for _ in range(self.size):
            await self._add_worker()
        self._keeper = asyncio.get_running_loop().create_task(self._keep_whole())
        return description

    def __len__(self) -> int:
        return len(self._workers)

    @property
    def alive(self) -> bool:
        """Whether there is a worker, or there is one in milliseconds."""
        return bool(self._workers) or (self._forks and self._template.ready)

    @property
    def template_pid(self) -> int:
        """Process id of the present template."""
        return self._template.pid

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the present workers."""
        return [worker.pid for worker in self._workers]

    @property
    def any_idle(self) -> bool:
        """Whether there is a worker to take.

        A job given to a worker that died a moment ago would lose one of its tries.
        """
        while self._idle and self._idle[0].has_ended():
            self._idle.popleft()
        return bool(self._idle)

    def take_idle(self) -> WorkerLink:
        """A worker, idle until now."""
        return self._idle.popleft()

    def grow(self, size: int) -> None:
        """Have at least so many workers, soon."""
        if size > self.size:
            self.size = size
            self._missing.set()

    async def close(self) -> None:
        """Stop all processes."""
        self._closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        for template in [*self._old_templates, self._template]:
            # Waiting for killed processes takes milliseconds, which are not the event loop's.
            template.detach()
            await asyncio.to_thread(template.kill)

    def _job_done(self, worker: WorkerLink, job: Job) -> None:
        if worker in self._workers:
            self._idle.append(worker)
        self._on_done(job)

    def _worker_lost(self, worker: WorkerLink) -> None:
        if worker not in self._workers:
            return
        self._workers.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        self._missing.set()
        self._on_lost(worker, worker.take_job())

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
                lambda: WorkerLink(connection, template, self._job_done, self._worker_lost),
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
        self._idle.append(worker)
        self._on_idle()

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
