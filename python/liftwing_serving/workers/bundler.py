"""Tasks so small that handing them to a worker costs more than doing them: they travel together."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded
from liftwing_serving.workers.cost import Work
from liftwing_serving.workers.load import PLANNED_SHARE
from liftwing_serving.workers.runner import Runner


@dataclass(frozen=True, slots=True, eq=False)
class _Parcel:
    task: object
    size: int
    deadline: Deadline
    result: asyncio.Future[Any]


class Bundler:
    """Hands tasks to a runner in bundles of up to `max_size` bytes, a larger one alone.

    The runner's handler gets a list of tasks and returns a list of their results. A task leaves at
    the end of the event loop's present turn, with those that came in the same turn, if nothing is
    under way; else when that returns, or as soon as there is more than one bundle holds, to up to
    `parallel` workers. So a quiet server adds no delay, and a busy one sends few bundles.
    """

    def __init__(self, runner: Runner, kind: Hashable, parallel: int, max_size: int) -> None:
        self._runner = runner
        self._kind = kind
        self._parallel = parallel
        self._max_size = max_size
        self._waiting: deque[_Parcel] = deque()
        self._waiting_size = 0
        # With the size of each.
        self._under_way: dict[asyncio.Task[None], int] = {}

    def refusal(self, deadline: Deadline) -> int | None:
        """Whether a task that arrives is one too many: in how many seconds it might not be."""
        if len(self._under_way) < self._parallel:
            return None
        load, now = self._runner.load, time.monotonic()
        bundles = self._waiting_size / self._max_size
        waiting = bundles * load.expected(Work(self._kind, self._max_size))
        queued = load.queued_seconds(now) + waiting / self._parallel
        limit = min(load.max_queue_seconds, PLANNED_SHARE * deadline.remaining())
        return None if queued <= limit else max(1, math.ceil(queued - limit))

    async def run(self, task: object, size: int, deadline: Deadline) -> Any:
        """The task's result. Raises what its bundle raised, see `Runner.run`."""
        result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Parcel(task, size, deadline, result))
        self._waiting_size += size
        # The first one of a turn takes all along, so the others find nothing to do.
        asyncio.get_running_loop().call_soon(self._depart)
        return await result

    async def close(self) -> None:
        """Cancel what is under way."""
        for bundle in self._under_way:
            bundle.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _depart(self, returned: asyncio.Task[None] | None = None) -> None:
        if returned is not None:
            self._under_way.pop(returned)
        while self._waiting and self._may_leave():
            parcels = self._next_bundle()
            if parcels:
                size = sum(parcel.size for parcel in parcels)
                bundle = asyncio.get_running_loop().create_task(self._deliver(parcels, size))
                self._under_way[bundle] = size
                bundle.add_done_callback(self._depart)

    def _may_leave(self) -> bool:
        """Whether another worker is free, and needed."""
        if not self._under_way:
            return True
        size = self._waiting_size + sum(self._under_way.values())
        return len(self._under_way) < self._parallel and size > self._max_size

    def _next_bundle(self) -> list[_Parcel]:
        """What fits together, without those whose askers have left or are out of time."""
        parcels: list[_Parcel] = []
        size = 0
        while self._waiting and (not parcels or size + self._waiting[0].size <= self._max_size):
            parcel = self._waiting.popleft()
            self._waiting_size -= parcel.size
            if parcel.result.done():
                continue
            if parcel.deadline.passed():
                parcel.result.set_exception(DeadlineExceeded())
                continue
            parcels.append(parcel)
            size += parcel.size
        return parcels

    async def _deliver(self, parcels: list[_Parcel], size: int) -> None:
        tasks = [parcel.task for parcel in parcels]
        deadline = max(parcel.deadline for parcel in parcels)
        try:
            results = (await self._runner.run(tasks, deadline, Work(self._kind, size))).value
        except Exception as error:
            for parcel in parcels:
                if not parcel.result.done():
                    parcel.result.set_exception(error)
        except BaseException:
            for parcel in parcels:
                parcel.result.cancel()
            raise
        else:
            for parcel, result in zip(parcels, results, strict=True):
                if not parcel.result.done():
                    parcel.result.set_result(result)
