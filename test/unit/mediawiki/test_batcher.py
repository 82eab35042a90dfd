"""Look-ups share calls, and never each other's fate beyond that."""

from __future__ import annotations

import asyncio
import random

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded, UpstreamUnavailable, UpstreamUnusable
from liftwing_serving.mediawiki.batcher import Batcher

SOON = 5.0


class Calls:
    """A fetch that records what was asked and answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.bad: set[int] = set()
        self.patient: list[bool] = []

    async def fetch(self, keys: list[int], deadline: Deadline, patient: bool) -> dict[int, str]:
        self.asked.append(keys)
        self.patient.append(patient)
        await self.gate.wait()
        if self.error:
            raise self.error
        if self.bad & set(keys):
            raise UpstreamUnusable("bad")
        return {key: f"value of {key}" for key in keys if key > 0}


async def get_all(batcher: Batcher[int, str], keys: list[int]) -> list[str | None]:
    return await asyncio.gather(*(batcher.get(key, Deadline.after(SOON)) for key in keys))


async def test_lookups_of_one_turn_share_a_call() -> None:
    calls = Calls()
    answers = await get_all(Batcher(calls.fetch), [1, 2, 3])
    assert answers == ["value of 1", "value of 2", "value of 3"]
    assert calls.asked == [[1, 2, 3]]


async def test_each_key_of_many_shared_calls_gets_exactly_its_own_value() -> None:
    calls, dice = Calls(), random.Random(1)
    batcher = Batcher(calls.fetch, max_keys=20)
    for _ in range(100):
        keys = dice.sample(range(-20, 1000), dice.randint(2, 60))
        expected = [f"value of {key}" if key > 0 else None for key in keys]
        assert await get_all(batcher, keys) == expected
    assert sum(len(keys) > 1 for keys in calls.asked) > 100


async def test_a_key_under_way_is_not_asked_for_again() -> None:
    calls = Calls()
    calls.gate.clear()
    batcher = Batcher(calls.fetch)
    first = asyncio.create_task(batcher.get(1, Deadline.after(SOON)))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(batcher.get(1, Deadline.after(SOON)))
    await asyncio.sleep(0.01)
    calls.gate.set()
    assert await first == await second == "value of 1"
    assert calls.asked == [[1]]


async def test_an_answer_is_not_kept() -> None:
    calls = Calls()
    batcher = Batcher(calls.fetch)
    await get_all(batcher, [1])
    await get_all(batcher, [1])
    assert calls.asked == [[1], [1]]


async def test_a_key_without_an_answer_is_none_and_its_neighbours_have_theirs() -> None:
    assert await get_all(Batcher(Calls().fetch), [-1, 2]) == [None, "value of 2"]


async def test_a_call_never_has_more_keys_than_the_limit() -> None:
    calls = Calls()
    await get_all(Batcher(calls.fetch, max_keys=50), list(range(1, 121)))
    assert [len(keys) for keys in calls.asked] == [50, 50, 20]


async def test_later_lookups_gather_while_all_calls_are_busy() -> None:
    calls = Calls()
    calls.gate.clear()
    batcher = Batcher(calls.fetch, parallel=1)
    first = asyncio.create_task(batcher.get(1, Deadline.after(SOON)))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(batcher.get(key, Deadline.after(SOON))) for key in (2, 3, 4)]
    await asyncio.sleep(0.01)
    assert calls.asked == [[1]]
    calls.gate.set()
    await asyncio.gather(first, *others)
    assert calls.asked == [[1], [2, 3, 4]]


async def test_a_failed_call_fails_all_its_keys_and_no_later_one() -> None:
    calls = Calls()
    calls.error = UpstreamUnavailable("down")
    batcher = Batcher(calls.fetch)
    results = await asyncio.gather(
        *(batcher.get(key, Deadline.after(SOON)) for key in (1, 2)), return_exceptions=True
    )
    assert [type(result) for result in results] == [UpstreamUnavailable] * 2
    calls.error = None
    assert await get_all(batcher, [1]) == ["value of 1"]


async def test_one_who_gives_up_does_not_take_the_others_answer_along() -> None:
    calls = Calls()
    calls.gate.clear()
    batcher = Batcher(calls.fetch)
    soon = Deadline.after(0.05)
    hasty = asyncio.create_task(soon.wait_for(batcher.get(1, soon)))
    patient = asyncio.create_task(batcher.get(1, Deadline.after(SOON)))
    with pytest.raises(DeadlineExceeded):
        await hasty
    calls.gate.set()
    assert await patient == "value of 1"


async def test_a_call_has_the_longest_deadline_of_its_keys() -> None:
    seen: list[Deadline] = []

    async def fetch(keys: list[int], deadline: Deadline, patient: bool) -> dict[int, str]:
        seen.append(deadline)
        return {}

    batcher: Batcher[int, str] = Batcher(fetch)
    late = Deadline.after(SOON)
    await asyncio.gather(batcher.get(1, Deadline.after(1)), batcher.get(2, late))
    assert seen == [late]


async def test_closing_ends_the_calls_under_way() -> None:
    calls = Calls()
    calls.gate.clear()
    batcher = Batcher(calls.fetch)
    waiting = asyncio.create_task(batcher.get(1, Deadline.after(SOON)))
    await asyncio.sleep(0.01)
    await batcher.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_one_with_more_time_asks_again_when_the_first_askers_time_is_over() -> None:
    asked: list[list[int]] = []

    async def fetch(keys: list[int], deadline: Deadline, patient: bool) -> dict[int, str]:
        asked.append(keys)
        await deadline.wait_for(asyncio.sleep(0.2 if len(asked) == 1 else 0))
        return {key: "value" for key in keys}

    batcher: Batcher[int, str] = Batcher(fetch)
    hasty = asyncio.create_task(batcher.get(1, Deadline.after(0.1)))
    await asyncio.sleep(0.02)
    patient = asyncio.create_task(batcher.get(1, Deadline.after(SOON)))
    with pytest.raises(DeadlineExceeded):
        await hasty
    assert await patient == "value"
    assert asked == [[1], [1]]


async def results(batcher: Batcher[int, str], keys: list[int]) -> dict[int, object]:
    lookups = (batcher.get(key, Deadline.after(SOON)) for key in keys)
    return dict(zip(keys, await asyncio.gather(*lookups, return_exceptions=True)))


@pytest.mark.parametrize("bad", [{1}, {50}, {17, 18}, {1, 25, 50}, {3, 5, 13, 23, 33}])
async def test_fault_21_a_bad_key_fails_alone(bad: set[int]) -> None:
    calls = Calls()
    calls.bad = bad
    found = await results(Batcher(calls.fetch), list(range(1, 51)))
    assert {key for key, value in found.items() if isinstance(value, UpstreamUnusable)} == bad
    assert all(found[key] == f"value of {key}" for key in set(found) - bad)
    # Down to each bad key six divisions lead, of two calls each.
    assert len(calls.asked) <= 1 + 12 * len(bad)
    assert calls.patient == [True] + [False] * (len(calls.asked) - 1)


async def test_a_wiki_that_answers_nothing_usable_is_not_asked_for_each_key() -> None:
    calls = Calls()
    calls.bad = set(range(1, 51))
    found = await results(Batcher(calls.fetch), list(range(1, 51)))
    assert all(isinstance(value, UpstreamUnusable) for value in found.values())
    assert [len(keys) for keys in calls.asked] == [50, 25, 25, 12, 13, 12, 13]


async def test_few_bad_keys_each_fail_on_their_own() -> None:
    calls = Calls()
    calls.bad = {1, 2}
    assert {type(value) for value in (await results(Batcher(calls.fetch), [1, 2])).values()} == {
        UpstreamUnusable
    }
    assert calls.asked == [[1, 2], [1], [2]]


@pytest.mark.parametrize("error", [UpstreamUnavailable("down"), DeadlineExceeded()])
async def test_a_wiki_that_is_down_is_asked_once(error: Exception) -> None:
    calls = Calls()
    calls.error = error
    found = await results(Batcher(calls.fetch), list(range(1, 51)))
    assert set(found.values()) == {error}
    assert len(calls.asked) == 1


async def test_a_failed_call_is_not_divided_after_the_deadline() -> None:
    asked: list[list[int]] = []

    async def fetch(keys: list[int], deadline: Deadline, patient: bool) -> dict[int, str]:
        asked.append(keys)
        await asyncio.sleep(deadline.remaining() + 0.01)
        raise UpstreamUnusable("bad")

    batcher: Batcher[int, str] = Batcher(fetch)
    lookups = tuple(batcher.get(key, Deadline.after(0.05)) for key in (1, 2))
    await asyncio.gather(*lookups, return_exceptions=True)
    assert asked == [[1, 2]]
