"""What a plain model does with a request, without any process."""

from __future__ import annotations

import asyncio

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import TooManyRequests
from liftwing_serving.plain.model import PlainModel
from liftwing_serving.workers import Runners
from support.runners import Waiting


async def test_what_would_wait_too_long_is_refused_before_it_is_begun() -> None:
    runner = Waiting(max_queue_seconds=0.0)
    model = PlainModel("words", Runners(runner, runner), lambda fields: fields["word"], ({}, {}))
    first = asyncio.create_task(model.answer("gannet", Deadline.after(60)))
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequests) as refused:
        async with asyncio.timeout(5):
            await model.answer("auk", Deadline.after(60))
    assert refused.value.retry_after == 1
    runner.value.set_result({"meaning": "a bird"})
    assert await first == {"meaning": "a bird"}
    assert runner.tasks == ["gannet"]


async def test_a_task_has_the_time_of_its_request() -> None:
    runner, deadline = Waiting(), Deadline.after(60)
    model = PlainModel("words", Runners(runner, runner), lambda fields: fields["word"], ({}, {}))
    runner.value.set_result({"meaning": "a bird"})
    await model.answer("gannet", deadline)
    assert runner.deadlines == [deadline]
