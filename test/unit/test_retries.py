"""When a call is repeated: later each time, and not everybody at the same moment."""

from __future__ import annotations

import time

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import UpstreamUnavailable, UpstreamUnusable
from liftwing_serving.retries import RetryPolicy


@pytest.mark.parametrize("attempt", range(6))
def test_a_delay_doubles_each_time_give_or_take_a_half(attempt: int) -> None:
    delays = [RetryPolicy(6, 0.5).delay(attempt, None) for _ in range(200)]
    usual = 0.5 * 2**attempt
    assert 0.5 * usual <= min(delays) and max(delays) <= 1.5 * usual


def test_no_two_callers_that_failed_together_come_back_together() -> None:
    delays = [RetryPolicy(2, 0.5).delay(0, None) for _ in range(200)]
    assert len(set(delays)) > 190
    assert max(delays) - min(delays) > 0.25


def test_a_delay_is_never_shorter_than_the_server_asks() -> None:
    assert RetryPolicy(2, 0.5).delay(0, 7) == 7
    assert RetryPolicy(2, 0.5).delay(6, 7) > 7


async def test_the_waits_between_the_tries_grow() -> None:
    tries: list[float] = []

    async def fail() -> None:
        tries.append(time.monotonic())
        raise UpstreamUnavailable("down")

    base = 0.01
    with pytest.raises(UpstreamUnavailable):
        await RetryPolicy(4, base).run(fail, Deadline.after(60))
    waits = [later - earlier for earlier, later in zip(tries, tries[1:])]
    assert len(waits) == 4
    # Not how long at most: a busy machine may take its time.
    assert all(wait >= 0.5 * base * 2**number for number, wait in enumerate(waits))


@pytest.mark.parametrize(("repeat", "number"), [(True, 3), (False, 1)])
async def test_only_what_may_pass_is_tried_again(repeat: bool, number: int) -> None:
    tries = 0

    async def fail() -> None:
        nonlocal tries
        tries += 1
        raise UpstreamUnusable("broken", repeat)

    with pytest.raises(UpstreamUnusable):
        await RetryPolicy(2, 0.001).run(fail, Deadline.after(60))
    assert tries == number
