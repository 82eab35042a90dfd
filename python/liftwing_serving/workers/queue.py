"""Tasks on their way through the pool."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import ServingError
from liftwing_serving.workers.load import Share


@dataclass(frozen=True, slots=True)
class Result:
    """What a task returned, and how many seconds it waited for a worker, its pauses included."""

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
    attempts: int = 0

    @property
    def rank(self) -> float:
        """The lower, the sooner it runs."""
        return self.share.rank

    @property
    def heavy(self) -> bool:
        """Whether it may be paused for others."""
        return self.share.work.heavy

    @property
    def begun(self) -> bool:
        """Whether a worker has it."""
        return self.share.began is not None

    @property
    def seconds_given(self) -> float:
        """What it had from its arrival to its deadline."""
        return self.deadline.at - self.queued_at

    def succeed(self, value: object) -> None:
        """Hand the value over, if anyone still waits."""
        self.timer.cancel()
        if not self.result.done():
            began = self.queued_at if self.share.began is None else self.share.began
            queued = began - self.queued_at + self.share.paused_seconds
            self.result.set_result(Result(value, queued))

    def fail(self, error: ServingError) -> None:
        """Hand the error over, if anyone still waits."""
        self.timer.cancel()
        if not self.result.done():
            self.result.set_exception(error)
