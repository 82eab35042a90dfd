"""A deadline bounds waiting, and only its own time-out becomes its error."""

import asyncio
import contextvars
import time

import pytest
from liftwing_serving.deadline import HEADER, Deadline, take_up
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


def time_of_a_request(*told: str) -> float:
    """The seconds that a request has, of 20 at most, when its caller says so."""

    def remaining() -> float:
        take_up({HEADER: seconds for seconds in told})
        return Deadline.of_request(20).remaining()

    return contextvars.copy_context().run(remaining)


def test_a_request_has_no_more_time_than_its_caller_waits() -> None:
    assert 19 < time_of_a_request() <= 20
    assert 11 < time_of_a_request("12") <= 12
    assert 0.4 < time_of_a_request("0.5") <= 0.5
    assert time_of_a_request("0") == 0
    assert 19 < time_of_a_request("90") <= 20


@pytest.mark.parametrize("told", ["", "soon", "-1", "1e3", "nan", "inf", "1,5", " 3", "9" * 40])
def test_what_is_no_time_is_ignored(told: str) -> None:
    assert 19 < time_of_a_request(told) <= 20


def test_what_is_left_is_told_to_the_next_server() -> None:
    (told,) = Deadline.after(7.5).header().values()
    assert 7 < float(told) <= 7.5
    assert 6 < time_of_a_request(told) <= 7.5
