"""Small tasks travel together, and each gets its own result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded, WorkerLost
from liftwing_serving.workers import Bundler, Load, Result, Work


class Slow:
    """A runner whose bundles end when the test says so; each task's result is its double."""

    alive = True
    description = None

    def __init__(self) -> None:
        self.load = Load(10.0)
        self.bundles: list[list[int]] = []
        self.works: list[Work] = []
        self.deadlines: list[Deadline] = []
        self.doors: list[asyncio.Future[None]] = []

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def run(self, task: Any, deadline: Deadline, work: Work = Work()) -> Result:
        self.bundles.append(task)
        self.works.append(work)
        self.deadlines.append(deadline)
        self.doors.append(asyncio.get_running_loop().create_future())
        await self.doors[-1]
        return Result([2 * one for one in task], 0.0)

    def release(self, error: Exception | None = None) -> None:
        for door in self.doors:
            if not door.done():
                door.set_exception(error) if error else door.set_result(None)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0)


def ask(bundler: Bundler, *numbers: int, size: int = 1, seconds: float = 60) -> list[Any]:
    deadline = Deadline.after(seconds)
    return [asyncio.ensure_future(bundler.run(number, size, deadline)) for number in numbers]


async def test_tasks_of_one_turn_share_a_bundle_and_get_their_own_results() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=1, max_size=100)
    tasks = ask(bundler, 1, 2, 3)
    await until(lambda: len(runner.bundles) == 1)
    runner.release()
    assert await asyncio.gather(*tasks) == [2, 4, 6]
    assert runner.bundles == [[1, 2, 3]]
    assert runner.works == [Work("k", 3)]


async def test_a_bundle_has_the_time_of_the_task_that_has_most() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=1, max_size=100)
    tasks = [*ask(bundler, 1, seconds=20), *ask(bundler, 2, seconds=60), *ask(bundler, 3)]
    await until(lambda: len(runner.bundles) == 1)
    runner.release()
    await asyncio.gather(*tasks)
    assert runner.deadlines[0].remaining() > 30


async def test_later_tasks_wait_for_a_bundle_to_return_and_leave_together() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=1, max_size=100)
    first = ask(bundler, 1)
    await until(lambda: len(runner.bundles) == 1)
    later = [*ask(bundler, 2), *ask(bundler, 3)]
    await asyncio.sleep(0.01)
    assert runner.bundles == [[1]]
    runner.release()
    await until(lambda: len(runner.bundles) == 2)
    runner.release()
    assert await asyncio.gather(*first, *later) == [2, 4, 6]
    assert runner.bundles == [[1], [2, 3]]


async def test_as_many_bundles_as_there_are_workers_are_under_way() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=2, max_size=1)
    tasks = ask(bundler, 1, 2, 3)
    await until(lambda: len(runner.bundles) == 2)
    await asyncio.sleep(0.01)
    assert runner.bundles == [[1], [2]]
    runner.release()
    await until(lambda: len(runner.bundles) == 3)
    runner.release()
    assert await asyncio.gather(*tasks) == [2, 4, 6]


async def test_a_second_worker_is_asked_only_for_more_than_one_bundle_holds() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=2, max_size=10)
    tasks = ask(bundler, 1, size=4)
    await until(lambda: len(runner.bundles) == 1)
    tasks += ask(bundler, 2, size=6)
    await asyncio.sleep(0.01)
    assert runner.bundles == [[1]]
    tasks += ask(bundler, 3, size=1)
    await until(lambda: len(runner.bundles) == 2)
    runner.release()
    assert await asyncio.gather(*tasks) == [2, 4, 6]
    assert runner.bundles == [[1], [2, 3]]


async def test_nobody_waits_for_a_large_task_while_a_worker_is_free() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=2, max_size=10)
    tasks = ask(bundler, 1, size=50)
    await until(lambda: len(runner.bundles) == 1)
    tasks += ask(bundler, 2)
    await until(lambda: len(runner.bundles) == 2)
    runner.release()
    assert await asyncio.gather(*tasks) == [2, 4]


async def test_a_bundle_is_bounded_and_a_large_task_travels_alone() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=9, max_size=10)
    tasks = [
        *ask(bundler, 1, 2, size=5),
        *ask(bundler, 3, size=50),
        *ask(bundler, 4, 5, 6, size=4),
    ]
    await until(lambda: sum(map(len, runner.bundles)) == 6)
    runner.release()
    await asyncio.gather(*tasks)
    assert runner.bundles == [[1, 2], [3], [4, 5], [6]]


async def test_what_fails_a_bundle_fails_each_of_its_tasks_and_no_other() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=1, max_size=100)
    lost = ask(bundler, 1, 2)
    await until(lambda: len(runner.bundles) == 1)
    good = ask(bundler, 3)
    runner.release(WorkerLost("died"))
    await until(lambda: len(runner.bundles) == 2)
    runner.release()
    assert [type(error) for error in await asyncio.gather(*lost, return_exceptions=True)] == [
        WorkerLost,
        WorkerLost,
    ]
    assert await good[0] == 6


async def test_who_left_or_is_out_of_time_does_not_travel() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=1, max_size=100)
    first = ask(bundler, 1)
    await until(lambda: len(runner.bundles) == 1)
    (gone,) = ask(bundler, 2)
    (late,) = ask(bundler, 3, seconds=0.0)
    (good,) = ask(bundler, 4)
    await asyncio.sleep(0)
    gone.cancel()
    runner.release()
    await until(lambda: len(runner.bundles) == 2)
    runner.release()
    assert [await first[0], await good] == [2, 8]
    with pytest.raises(DeadlineExceeded):
        await late
    assert runner.bundles == [[1], [4]]


async def test_what_would_wait_too_long_is_refused() -> None:
    runner = Slow()
    learnt = runner.load.add(Work("k", 1000))
    runner.load.begin(learnt, 0.0)
    runner.load.finish(learnt, 1.0)
    runner.load.max_queue_seconds = 1.0
    bundler = Bundler(runner, "k", parallel=1, max_size=1000)

    tasks = ask(bundler, 1, size=1000)
    await until(lambda: len(runner.bundles) == 1)
    assert bundler.refusal(Deadline.after(60)) is None
    tasks += ask(bundler, 2, 3, size=1000)
    await asyncio.sleep(0)
    assert bundler.refusal(Deadline.after(60)) == 1
    runner.load.max_queue_seconds = 10.0
    assert bundler.refusal(Deadline.after(60)) is None
    assert bundler.refusal(Deadline.after(2)) == 1

    for task in tasks:
        task.cancel()
    await bundler.close()


async def test_closing_gives_up_what_is_under_way() -> None:
    runner = Slow()
    bundler = Bundler(runner, "k", parallel=1, max_size=1000)
    (task,) = ask(bundler, 1)
    await until(lambda: len(runner.bundles) == 1)
    await bundler.close()
    with pytest.raises(asyncio.CancelledError):
        await task
