"""Tasks on their way through the pool, and which of them is next."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import ServingError
from liftwing_serving.workers.load import Share

# A heavy job counts as if it had come that much later: light ones overtake it, but not for ever.
HEAVY_HANDICAP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a task returned, and how many seconds it waited for a worker."""

    value: Any
    queue_seconds: float


@dataclass(slots=True, eq=False)
class Job:
    """A task as the frame to send, its part of the load, and the promise of its result.

    One timer, set by the pool, answers it at its deadline, whether it waits or runs.
    """

    frame: bytes
    share: Share
    deadline: Deadline
    result: asyncio.Future[Result]
    timer: asyncio.TimerHandle = field(init=False)
    queued_at: float = field(default_factory=time.monotonic)
    started_at: float = 0.0
    attempts: int = 0

    @property
    def heavy(self) -> bool:
        """Whether it must leave a worker to the light ones."""
        return self.share.work.heavy

    @property
    def seconds_given(self) -> float:
        """What it had from its arrival to its deadline."""
        return self.deadline.at - self.queued_at

    def succeed(self, value: object) -> None:
        """Hand the value over, if anyone still waits."""
        self.timer.cancel()
        if not self.result.done():
            self.result.set_result(Result(value, self.started_at - self.queued_at))

    def fail(self, error: ServingError) -> None:
        """Hand the error over, if anyone still waits."""
        self.timer.cancel()
        if not self.result.done():
            self.result.set_exception(error)


class JobQueue:
    """Jobs that wait for a worker: first come, first served, but see HEAVY_HANDICAP_SECONDS.

    What is to go first overtakes them all.
    """

    def __init__(self) -> None:
        self._first: deque[Job] = deque()
        self._light: deque[Job] = deque()
        self._heavy: deque[Job] = deque()

    def add(self, job: Job) -> None:
        """Put a new job behind the others."""
        self._queue_of(job).append(job)

    def put_back(self, job: Job) -> None:
        """Put a job that was taken back in front."""
        self._queue_of(job).appendleft(job)

    def __bool__(self) -> bool:
        return bool(self._first or self._light or self._heavy)

    def remove(self, job: Job) -> None:
        """Take a job out, if it is here."""
        queue = self._queue_of(job)
        if job in queue:
            queue.remove(job)

    def next(self, heavy_allowed: bool) -> Job | None:
        """Take the next job."""
        if self._first:
            return self._first.popleft()
        heads = [queue for queue in (self._light, self._heavy if heavy_allowed else None) if queue]
        if not heads:
            return None
        return min(
            heads,
            key=lambda queue: queue[0].queued_at + HEAVY_HANDICAP_SECONDS * queue[0].heavy,
        ).popleft()

    def take_all(self) -> list[Job]:
        """Take all jobs, in no particular order."""
        jobs = [*self._first, *self._light, *self._heavy]
        self._first.clear()
        self._light.clear()
        self._heavy.clear()
        return jobs

    def _queue_of(self, job: Job) -> deque[Job]:
        if job.share.work.first:
            return self._first
        return self._heavy if job.heavy else self._light
