"""A runner whose tasks wait for the test."""

from __future__ import annotations

import asyncio

from liftwing_serving.deadline import Deadline
from liftwing_serving.workers import Load, Result, Work


class Waiting:
    """Keeps its tasks until the test gives `value`, which all of them return."""

    alive = True
    description = None

    def __init__(self, max_queue_seconds: float = 10.0) -> None:
        self.load = Load(max_queue_seconds)
        self.tasks: list[object] = []
        self.deadlines: list[Deadline] = []
        self.value: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def run(self, task: object, deadline: Deadline, work: Work = Work()) -> Result:
        self.tasks.append(task)
        self.deadlines.append(deadline)
        share = self.load.add(work)
        try:
            return Result(await asyncio.shield(self.value), 0.0)
        finally:
            self.load.remove(share)
