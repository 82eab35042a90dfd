"""Does work once that several callers ask for at the same time."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Work by key: whoever asks while it is under way shares its result.

    The work keeps its first asker's deadline by itself; those who wait are bounded by their own
    requests. A caller that is cancelled does not cancel the work.
    """

    def __init__(self) -> None:
        self._flights: dict[K, asyncio.Future[V]] = {}

    async def run(self, key: K, deadline: Deadline, work: Callable[[], Awaitable[V]]) -> V:
        """The result of `work`, or of the same key's work under way. Raises what that raised.

        If the first asker's time is over while this one still has some, the work is started again.
        """
        while True:
            flight = self._flights.get(key)
            # One that is done has only not been cleared away yet: joining it would go in circles.
            joined = flight is not None and not flight.done()
            if flight is None or not joined:
                flight = asyncio.ensure_future(work())
                self._flights[key] = flight
                flight.add_done_callback(functools.partial(self._landed, key))
            try:
                return await asyncio.shield(flight)
            except DeadlineExceeded:
                if not joined or deadline.passed():
                    raise

    def _landed(self, key: K, flight: asyncio.Future[V]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            # Marks it as seen: everyone who waited may have left.
            flight.exception()
