"""Tasks in a thread of the server: late ones are not begun, and all are counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import BadRequest, DeadlineExceeded, StartFailed
from liftwing_serving.workers.cost import Work
from liftwing_serving.workers.messages import HandlerSpec
from liftwing_serving.workers.runner import ThreadRunner


@pytest.fixture
async def runner() -> AsyncIterator[ThreadRunner]:
    runner = ThreadRunner(HandlerSpec("support.handlers:make", None), max_queue_seconds=10)
    await runner.start()
    yield runner
    await runner.close()


@pytest.mark.alone
async def test_a_task_that_the_thread_comes_to_too_late_is_not_begun(runner: ThreadRunner) -> None:
    first = asyncio.create_task(runner.run(("sleep", 0.8), Deadline.after(60)))
    await asyncio.sleep(0)
    with pytest.raises(DeadlineExceeded):
        await runner.run(("sleep", 60), Deadline.after(0.1))
    assert (await first).queue_seconds < 0.8


async def test_what_waits_for_the_thread_counts_until_it_is_done_or_has_failed(
    runner: ThreadRunner,
) -> None:
    work = Work("a kind", 100)
    await runner.run(("sleep", 0.2), Deadline.after(5), work)
    assert 0.2 <= runner.load.expected(work) < 20
    waiting = [
        asyncio.create_task(runner.run(("sleep", 0.05), Deadline.after(5), work)) for _ in range(3)
    ]
    failing = asyncio.create_task(runner.run(("refuse", "no"), Deadline.after(5), work))
    await asyncio.sleep(0)
    assert runner.load.queued_seconds(time.monotonic()) > 0.5
    await asyncio.gather(*waiting)
    with pytest.raises(BadRequest):
        await failing
    assert runner.load.queued_seconds(time.monotonic()) == 0


async def test_what_cannot_be_loaded_says_so_in_its_own_words() -> None:
    runner = ThreadRunner(HandlerSpec("support.handlers:fail", "no such file"), 10)
    with pytest.raises(StartFailed, match="^no such file$"):
        await runner.start()
    await runner.close()
