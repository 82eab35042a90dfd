"""A pool that is offered more than it bears: what can be done in time is done, and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded, Overloaded
from liftwing_serving.workers.cost import Work
from liftwing_serving.workers.messages import HandlerSpec
from liftwing_serving.workers.pool import WorkerPool
from support.processes import ROOT

SPEC = HandlerSpec("support.handlers:make", None)
TASK_SECONDS = 0.1
WORKERS = 2
CAPACITY = WORKERS / TASK_SECONDS


@pytest.fixture(autouse=True)
def test_folder_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "test"))


@pytest.fixture
def ended() -> Counter[str]:
    """How many workers died, and how many were stopped."""
    return Counter()


@pytest.fixture
async def pool(ended: Counter[str]) -> AsyncIterator[WorkerPool]:
    def died() -> None:
        ended["died"] += 1

    def stopped() -> None:
        ended["stopped"] += 1

    pool = WorkerPool(SPEC, WORKERS, died, stopped)
    await pool.start()
    yield pool
    await pool.close()


async def sleep(pool: WorkerPool, seconds: float, within: float, work: Work = Work()) -> object:
    return (await pool.run(("sleep", seconds), Deadline.after(within), work)).value


async def offer(pool: WorkerPool, rate: float, seconds: float, within: float) -> Counter[str]:
    """So many tasks a second, each admitted or refused as it arrives; what became of them."""
    outcomes: Counter[str] = Counter()

    async def ask() -> None:
        if pool.load.refusal(Work(), within, time.monotonic()) is not None:
            outcomes["refused"] += 1
            return
        try:
            await sleep(pool, TASK_SECONDS, within)
            outcomes["done"] += 1
        except DeadlineExceeded:
            outcomes["late"] += 1

    asking = []
    begun = time.monotonic()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        asking.append(asyncio.create_task(ask()))
    await asyncio.gather(*asking)
    outcomes["seconds"] = round(time.monotonic() - begun)
    return outcomes


@pytest.mark.alone
async def test_fault_20_at_twice_the_capacity_nine_tenths_of_it_are_useful_answers(
    pool: WorkerPool, ended: Counter[str]
) -> None:
    outcomes = await offer(pool, 2 * CAPACITY, seconds=8, within=1.0)
    assert outcomes["done"] >= 0.9 * CAPACITY * 8, outcomes
    # Who is not refused gets an answer in time, but for a few.
    assert outcomes["late"] <= 0.1 * outcomes["done"], outcomes
    assert ended == Counter()


@pytest.mark.alone
async def test_fault_20_without_admission_late_work_is_dropped_rather_than_begun(
    pool: WorkerPool, ended: Counter[str]
) -> None:
    within = 1.0
    arriving = int(2 * CAPACITY * 4)
    results = []
    for _ in range(arriving):
        results.append(asyncio.create_task(sleep(pool, TASK_SECONDS, within)))
        await asyncio.sleep(1 / (2 * CAPACITY))
    outcomes = Counter(type(one) for one in await asyncio.gather(*results, return_exceptions=True))
    assert outcomes[int] >= 0.5 * CAPACITY * 4, outcomes
    assert ended == Counter()


async def test_a_task_over_its_deadline_that_is_about_to_end_keeps_its_worker(
    pool: WorkerPool, ended: Counter[str]
) -> None:
    before = sorted(pool.worker_pids)
    for _ in range(WORKERS):
        await sleep(pool, 0.6, within=5)
    late = [asyncio.create_task(sleep(pool, 0.6, within=0.3)) for _ in range(WORKERS)]
    others = [asyncio.create_task(sleep(pool, 0.0, within=5)) for _ in range(10)]
    errors = await asyncio.gather(*late, return_exceptions=True)
    assert [type(error) for error in errors] == [DeadlineExceeded] * WORKERS
    await asyncio.gather(*others)
    assert sorted(pool.worker_pids) == before
    assert ended == Counter()


async def test_a_hung_task_that_others_wait_behind_makes_room_for_them(
    pool: WorkerPool, ended: Counter[str]
) -> None:
    stuck = [asyncio.create_task(sleep(pool, 60, within=0.2)) for _ in range(WORKERS)]
    await asyncio.sleep(0.1)
    assert isinstance(await sleep(pool, 0.0, within=20), int)
    await asyncio.gather(*stuck, return_exceptions=True)
    assert ended["stopped"] >= 1 and ended["died"] == 0


@pytest.mark.alone
async def test_a_heavy_task_that_would_not_end_in_time_is_refused_at_once(
    pool: WorkerPool,
) -> None:
    heavy = Work("model", 1000, heavy=True)
    await sleep(pool, 0.5, 5, heavy)
    waiting = [asyncio.create_task(sleep(pool, 0.5, 10, heavy)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as caught:
        await sleep(pool, 0.5, 0.9, heavy)
    assert not any(task.done() for task in waiting)
    assert caught.value.retry_after and caught.value.retry_after >= 1
    await asyncio.gather(*waiting)


async def test_a_task_that_cannot_end_in_time_any_more_is_not_begun(
    pool: WorkerPool, tmp_path: Path
) -> None:
    known = Work("known")
    await sleep(pool, 0.3, 5, known)
    # Nobody knows how long these take.
    busy = [asyncio.create_task(sleep(pool, 0.6, 5)) for _ in range(WORKERS)]
    await asyncio.sleep(0)
    late = [
        asyncio.create_task(pool.run(("die once", str(path)), Deadline.after(0.75), known))
        for path in (tmp_path / "first", tmp_path / "second")
    ]
    await asyncio.gather(*busy, *late, return_exceptions=True)
    assert not (tmp_path / "first").exists()


async def test_a_task_whose_asker_left_is_not_begun(pool: WorkerPool, tmp_path: Path) -> None:
    busy = [asyncio.create_task(sleep(pool, 0.5, 5)) for _ in range(WORKERS)]
    await asyncio.sleep(0)
    never = tmp_path / "never"
    left = asyncio.create_task(pool.run(("die once", str(never)), Deadline.after(5)))
    await asyncio.sleep(0.05)
    left.cancel()
    await asyncio.gather(*busy)
    assert pool.load.queued_seconds(time.monotonic()) == 0
    assert not never.exists()
