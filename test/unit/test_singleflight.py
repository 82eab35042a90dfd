"""Shared work: done once, shared by all who ask meanwhile, and never a reason to stop the loop."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import BadRequest, DeadlineExceeded
from liftwing_serving.singleflight import SingleFlight


async def test_whoever_asks_meanwhile_shares_the_result() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    begun = 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0.05)
        return begun

    results = await asyncio.gather(
        *(flights.run("key", Deadline.after(5), work) for _ in range(10))
    )
    assert results == [1] * 10
    assert await flights.run("key", Deadline.after(5), work) == 2


async def test_a_result_is_kept_by_nobody_once_it_is_handed_over() -> None:
    class Result:
        pass

    async def work() -> Result:
        return Result()

    flights: SingleFlight[int, Result] = SingleFlight()
    results = [weakref.ref(await flights.run(key, Deadline.after(5), work)) for key in range(100)]
    await asyncio.sleep(0)
    gc.collect()
    assert [result() for result in results] == [None] * 100


async def test_an_error_is_shared_too() -> None:
    flights: SingleFlight[str, int] = SingleFlight()

    async def work() -> int:
        await asyncio.sleep(0.01)
        raise BadRequest("no")

    results = await asyncio.gather(
        *(flights.run("key", Deadline.after(5), work) for _ in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [BadRequest] * 3


async def test_one_with_more_time_begins_anew_when_the_first_askers_time_is_over() -> None:
    flights: SingleFlight[str, str] = SingleFlight()

    def work_until(deadline: Deadline, seconds: float) -> Callable[[], Coroutine[Any, Any, str]]:
        async def work() -> str:
            await deadline.wait_for(asyncio.sleep(seconds))
            return "done"

        return work

    hasty, patient = Deadline.after(0.1), Deadline.after(5)
    first = asyncio.create_task(flights.run("key", hasty, work_until(hasty, 10)))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(flights.run("key", patient, work_until(patient, 0.01)))
    with pytest.raises(DeadlineExceeded):
        await first
    assert await second == "done"


async def test_joining_a_flight_that_has_just_landed_never_stops_the_loop() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    gaps: list[float] = []

    async def fails_late() -> int:
        await asyncio.sleep(0.05)
        raise DeadlineExceeded("over")

    async def beat() -> None:
        while True:
            # Of this thread's own time: others may have the machine as long as they like.
            started = time.thread_time()
            await asyncio.sleep(0)
            gaps.append(time.thread_time() - started)

    heart = asyncio.create_task(beat())
    await asyncio.gather(
        *(flights.run("key", Deadline.after(0.3), fails_late) for _ in range(50)),
        return_exceptions=True,
    )
    heart.cancel()
    assert max(gaps) < 0.1


async def test_who_comes_in_the_turn_in_which_a_flight_fails_begins_anew() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    landing = asyncio.get_running_loop().create_future()

    async def fails() -> str:
        await landing
        raise DeadlineExceeded("over")

    async def succeeds() -> str:
        return "done"

    async def comes() -> str:
        await landing
        return await flights.run("key", Deadline.after(1), succeeds)

    first = asyncio.create_task(flights.run("key", Deadline.after(1), fails))
    # Until its work waits for the landing.
    await asyncio.sleep(0.01)
    second = asyncio.create_task(comes())
    await asyncio.sleep(0.01)
    landing.set_result(None)
    assert await second == "done"
    with pytest.raises(DeadlineExceeded):
        await first


async def test_askers_without_the_time_that_was_not_enough_do_not_begin_anew() -> None:
    flights: SingleFlight[str, None] = SingleFlight()
    begun = 0

    async def ask(number: int) -> None:
        deadline = Deadline.after(0.3)

        async def work() -> None:
            nonlocal begun
            begun += 1
            await deadline.wait_for(asyncio.sleep(10))

        await flights.run("key", deadline, work)

    async def ask_later(number: int) -> None:
        await asyncio.sleep(0.01 * number)
        await ask(number)

    errors = await asyncio.gather(*map(ask_later, range(14)), return_exceptions=True)
    assert [type(error) for error in errors] == [DeadlineExceeded] * 14
    assert begun == 1


async def test_what_work_raises_before_it_begins_is_its_askers_alone() -> None:
    flights: SingleFlight[str, None] = SingleFlight()

    def refuse() -> Coroutine[Any, Any, None]:
        raise BadRequest("not now")

    async def work() -> None:
        await asyncio.sleep(0.01)

    with pytest.raises(BadRequest):
        await flights.run("key", Deadline.after(5), refuse)
    under_way = asyncio.create_task(flights.run("key", Deadline.after(5), work))
    await asyncio.sleep(0)
    # There is something to join, so nothing is refused.
    await flights.run("key", Deadline.after(5), refuse)
    await under_way
