"""Does work once that several callers ask for at the same time."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Flight(Generic[V]):
    result: asyncio.Future[V]
    begun: float


class SingleFlight(Generic[K, V]):
    """Work by key: whoever asks while it is under way shares its result.

    The work keeps its first asker's deadline by itself; those who wait are bounded by their own
    requests. A caller that is cancelled does not cancel the work.
    """

    def __init__(self) -> None:
        self._flights: dict[K, _Flight[V]] = {}

    async def run(self, key: K, deadline: Deadline, work: Callable[[], Awaitable[V]]) -> V:
        """The result of `work`, or of the same key's work under way. Raises what that raised.

        `work` is called only where there is nothing to join; what it raises before it returns is
        this asker's alone. If the first asker's time is over while this one still has as much as
        that took, work is begun anew; what failed in more time would fail in less.
        """
        while True:
            flight = self._flights.get(key)
            # One that is done has only not been cleared away yet: joining it would go in circles.
            joined = flight is not None and not flight.result.done()
            if flight is None or not joined:
                flight = _Flight(asyncio.ensure_future(work()), time.monotonic())
                self._flights[key] = flight
                flight.result.add_done_callback(functools.partial(self._landed, key))
            try:
                return await asyncio.shield(flight.result)
            except DeadlineExceeded:
                took = time.monotonic() - flight.begun
                if not joined or deadline.remaining() <= took:
                    raise

    def __contains__(self, key: K) -> bool:
        """Whether work is under way that could be joined."""
        flight = self._flights.get(key)
        return flight is not None and not flight.result.done()

    async def join(self, key: K) -> V:
        """The result of work under way. Raises KeyError if there is none, and what it raises."""
        return await asyncio.shield(self._flights[key].result)

    def _landed(self, key: K, result: asyncio.Future[V]) -> None:
        flight = self._flights.get(key)
        if flight is not None and flight.result is result:
            del self._flights[key]
        if not result.cancelled():
            # Marks it as seen: everyone who waited may have left.
            result.exception()
