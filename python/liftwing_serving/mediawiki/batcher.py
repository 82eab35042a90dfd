"""Joins look-ups of single keys into calls for many."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one call may ask for: so many keys and so many bytes of URL together."""

    keys: int = 50
    url_bytes: int = 6000


@dataclass(slots=True, eq=False)
class _Lookup(Generic[V]):
    deadline: Deadline
    url_bytes: int
    result: asyncio.Future[V | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Batcher(Generic[K, V]):
    """Look-ups by key: one that is under way is joined, others share calls.

    While fewer than `parallel` calls are under way a look-up leaves at the end of the event
    loop's present turn, with those that came in the same turn; later ones wait for a call to
    return and then leave together. So a quiet server adds no delay, and a busy one makes few
    calls.
    """

    def __init__(
        self,
        fetch: Callable[[list[K], Deadline], Awaitable[dict[K, V]]],
        limits: Limits = Limits(),
        url_bytes_of: Callable[[K], int] = lambda key: 0,
        parallel: int = 8,
    ) -> None:
        self._fetch = fetch
        self._limits = limits
        self._url_bytes_of = url_bytes_of
        self._parallel = parallel
        self._waiting: dict[K, _Lookup[V]] = {}
        self._under_way: dict[K, _Lookup[V]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._departing = False

    async def get(self, key: K, deadline: Deadline) -> V | None:
        """The key's value, or None if the call's answer has none. Raises what the call raised."""
        while True:
            lookup = self._under_way.get(key) or self._waiting.get(key)
            joined = lookup is not None
            if lookup is None:
                lookup = self._waiting[key] = _Lookup(deadline, self._url_bytes_of(key))
                self._depart_soon()
            elif key in self._waiting:
                lookup.deadline = max(lookup.deadline, deadline)
            try:
                # Shielded: whoever leaves must not take the others' answer along.
                return await deadline.wait_for(asyncio.shield(lookup.result), "MediaWiki was asked")
            except DeadlineExceeded:
                # The call ran on the time of those who asked before; there is more of one's own.
                if not joined or deadline.passed():
                    raise

    async def close(self) -> None:
        """Cancel the calls under way."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _depart_soon(self) -> None:
        if not self._departing and len(self._calls) < self._parallel:
            self._departing = True
            asyncio.get_running_loop().call_soon(self._depart)

    def _depart(self) -> None:
        self._departing = False
        while self._waiting and len(self._calls) < self._parallel:
            batch = self._take_batch()
            self._under_way |= batch
            call = asyncio.get_running_loop().create_task(self._call(batch))
            self._calls.add(call)
            call.add_done_callback(self._returned)

    def _take_batch(self) -> dict[K, _Lookup[V]]:
        batch: dict[K, _Lookup[V]] = {}
        url_bytes = 0
        for key in list(self._waiting):
            url_bytes += self._waiting[key].url_bytes
            if batch and (len(batch) == self._limits.keys or url_bytes > self._limits.url_bytes):
                break
            batch[key] = self._waiting.pop(key)
        return batch

    def _returned(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._depart_soon()

    async def _call(self, batch: dict[K, _Lookup[V]]) -> None:
        deadline = max(lookup.deadline for lookup in batch.values())
        values: dict[K, V] = {}
        failure: BaseException | None = None
        try:
            values = await self._fetch(list(batch), deadline)
        except BaseException as error:
            failure = error
        for key, lookup in batch.items():
            del self._under_way[key]
            _settle(lookup.result, values.get(key), failure)
        if failure is not None and not isinstance(failure, Exception):
            raise failure


def _settle(
    result: asyncio.Future[V | None], value: V | None, failure: BaseException | None
) -> None:
    if result.done():
        return
    if failure is None:
        result.set_result(value)
    elif isinstance(failure, Exception):
        result.set_exception(failure)
        # Marks it as seen: the only one who waited may have left.
        result.exception()
    else:
        result.cancel()
