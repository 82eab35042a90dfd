"""Repeats a call that may succeed on a second try."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import ServingError

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently. `base_delay` is in seconds and doubles every time."""

    max_retries: int
    base_delay: float

    def delay(self, attempt: int, asked_delay: int | None) -> float:
        """Seconds before repetition number `attempt`, from 0; at least `asked_delay` seconds.

        Jitter keeps the callers that failed together from coming back together.
        """
        backoff = self.base_delay * float(2**attempt) * random.uniform(0.5, 1.5)
        return max(backoff, float(asked_delay or 0))

    async def run(self, call: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
        """The call's result. A ServingError whose `repeat` is set is followed by another try.

        `call` keeps the deadline itself; a wait that would outlast it is not begun. Raises what the
        last try raised.
        """
        for attempt in itertools.count():
            try:
                return await call()
            except ServingError as error:
                if not error.repeat or attempt >= self.max_retries:
                    raise
                delay = self.delay(attempt, error.asked_delay)
                if delay >= deadline.remaining():
                    raise
                logger.info("asking again in %.2f s: %s", delay, error)
                await asyncio.sleep(delay)
        raise AssertionError("the loop ends by return or raise")
