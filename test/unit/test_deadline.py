"""A deadline bounds waiting, and only its own time-out becomes its error."""

import asyncio
import time

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded


async def test_work_within_the_deadline_returns_its_result() -> None:
    async def work() -> int:
        return 7

    assert await Deadline.after(1).wait_for(work()) == 7


async def test_work_beyond_the_deadline_is_cancelled() -> None:
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="The request's time was over"):
        await Deadline.after(0.05).wait_for(asyncio.sleep(60))
    assert time.monotonic() - started < 30


async def test_a_timeout_inside_the_work_stays_what_it_is() -> None:
    async def work() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        await Deadline.after(5).wait_for(work())


def test_remaining_is_never_negative() -> None:
    past = Deadline(time.monotonic() - 1)
    assert past.remaining() == 0
    assert past.passed()
    assert Deadline.after(10) > Deadline.after(1)
