"""Joins look-ups of single keys into calls for many."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import UpstreamUnusable
from liftwing_serving.singleflight import SingleFlight

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# So often a failed call is divided while nothing at all comes back: 6 calls more for many keys.
VAIN_DIVISIONS = 2


@dataclass(slots=True, eq=False)
class _Lookup(Generic[V]):
    deadline: Deadline
    result: asyncio.Future[V | None]


class Batcher(Generic[K, V]):
    """Look-ups by key: one that is under way is joined, others share calls.

    While fewer than `parallel` calls are under way a look-up leaves at the end of the event
    loop's present turn, with those that came in the same turn; later ones wait for a call to
    return and then leave together. So a quiet server adds no delay, and a busy one makes few
    calls.

    `fetch` makes one call. If it raises UpstreamUnusable one of the keys may be at fault, and the
    call is divided, so that the others have their values; it is told whether to be patient, that
    is to try the same again itself before it does so.
    """

    def __init__(
        self,
        fetch: Callable[[list[K], Deadline, bool], Awaitable[dict[K, V]]],
        max_keys: int = 50,
        parallel: int = 8,
    ) -> None:
        self._fetch = fetch
        self._max_keys = max_keys
        self._parallel = parallel
        self._lookups: SingleFlight[K, V | None] = SingleFlight()
        self._waiting: dict[K, _Lookup[V]] = {}
        self._calls: set[asyncio.Task[None]] = set()

    async def get(self, key: K, deadline: Deadline) -> V | None:
        """The key's value, or None if an answer has none. Raises what the key's call raised."""
        if waiting := self._waiting.get(key):
            waiting.deadline = max(waiting.deadline, deadline)
        return await self._lookups.run(key, deadline, functools.partial(self._ask, key, deadline))

    async def close(self) -> None:
        """Cancel the calls under way."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _ask(self, key: K, deadline: Deadline) -> asyncio.Future[V | None]:
        result: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting[key] = _Lookup(deadline, result)
        # The first one of a turn takes all look-ups along, so the others find nothing to do.
        asyncio.get_running_loop().call_soon(self._depart)
        return result

    def _depart(self, returned: asyncio.Task[None] | None = None) -> None:
        """Begin calls for what waits, as far as `parallel` allows."""
        if returned is not None:
            self._calls.discard(returned)
        while self._waiting and len(self._calls) < self._parallel:
            keys = list(islice(self._waiting, self._max_keys))
            batch = {key: self._waiting.pop(key) for key in keys}
            call = asyncio.get_running_loop().create_task(self._call(batch))
            self._calls.add(call)
            call.add_done_callback(self._depart)

    async def _call(self, batch: dict[K, _Lookup[V]]) -> None:
        deadline = max(lookup.deadline for lookup in batch.values())
        try:
            await self._divide_and_fetch(batch, deadline)
        except BaseException:
            for lookup in batch.values():
                lookup.result.cancel()
            raise

    async def _divide_and_fetch(self, batch: dict[K, _Lookup[V]], deadline: Deadline) -> None:
        """Fetch a batch in as few calls as give each key its own value or its own failure.

        Halves of what fails are fetched side by side. When even quarters are all unusable, it is
        not single keys that are at fault, and they are not worth a call each.
        """
        parts, useful, divided = [list(batch)], False, 0
        while parts:
            fetches = [self._fetch_part(batch, part, deadline, not divided) for part in parts]
            errors = await asyncio.gather(*fetches)
            failed = [(part, error) for part, error in zip(parts, errors) if error]
            useful = useful or len(failed) < len(parts)
            give_up = divided >= VAIN_DIVISIONS and not useful
            parts = []
            for part, error in failed:
                if len(part) == 1 or give_up or deadline.passed():
                    for key in part:
                        batch[key].result.set_exception(error)
                else:
                    parts += [part[: len(part) // 2], part[len(part) // 2 :]]
            divided += 1

    async def _fetch_part(
        self, batch: dict[K, _Lookup[V]], part: list[K], deadline: Deadline, patient: bool
    ) -> UpstreamUnusable | None:
        """Give the keys of one call their values, or a failure that is none of theirs.

        A failure that may be one key's is returned, and they have nothing yet.
        """
        try:
            values = await self._fetch(part, deadline, patient)
        except UpstreamUnusable as error:
            return error
        except Exception as error:
            for key in part:
                batch[key].result.set_exception(error)
        else:
            for key in part:
                batch[key].result.set_result(values.get(key))
        return None
