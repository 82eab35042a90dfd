"""Tasks on their way through the pool, and which of them is next."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import ServingError

# A heavy job counts as if it had come that much later, so light ones overtake it, yet not for ever.
HEAVY_HANDICAP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task returned, and how many seconds it waited for a worker."""

    value: Any
    queue_seconds: float


@dataclass(slots=True, eq=False)
class Job:
    """A task as the frame to send, and the promise of its outcome."""

    frame: bytes
    deadline: Deadline
    heavy: bool
    result: asyncio.Future[Outcome]
    queued_at: float = field(default_factory=time.monotonic)
    started_at: float = 0.0
    attempts: int = 0

    @property
    def rank(self) -> float:
        """Lower is sooner."""
        return self.queued_at + (HEAVY_HANDICAP_SECONDS if self.heavy else 0.0)

    def succeed(self, value: object) -> None:
        """Hand the value over, if anyone still waits."""
        if not self.result.done():
            self.result.set_result(Outcome(value, self.started_at - self.queued_at))

    def fail(self, error: ServingError) -> None:
        """Hand the error over, if anyone still waits."""
        if not self.result.done():
            self.result.set_exception(error)


class JobQueue:
    """Jobs that wait for a worker: first come, first served, but see HEAVY_HANDICAP_SECONDS."""

    def __init__(self) -> None:
        self._light: deque[Job] = deque()
        self._heavy: deque[Job] = deque()

    def add(self, job: Job) -> None:
        """Put a new job behind the others."""
        self._queue_of(job).append(job)

    def put_back(self, job: Job) -> None:
        """Put a job that was next back in front."""
        self._queue_of(job).appendleft(job)

    def next(self, heavy_allowed: bool) -> Job | None:
        """Take the next job for which anyone still waits."""
        heads = []
        for queue, allowed in ((self._light, True), (self._heavy, heavy_allowed)):
            while queue and queue[0].result.done():
                queue.popleft()
            if queue and allowed:
                heads.append(queue)
        return min(heads, key=lambda queue: queue[0].rank).popleft() if heads else None

    def take_all(self) -> list[Job]:
        """All jobs; none is left."""
        jobs = [*self._light, *self._heavy]
        self._light.clear()
        self._heavy.clear()
        return jobs

    def _queue_of(self, job: Job) -> deque[Job]:
        return self._heavy if job.heavy else self._light
