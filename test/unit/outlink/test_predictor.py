"""What the predictor does with a request, without any process."""

from __future__ import annotations

import asyncio

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import TooManyRequests
from liftwing_serving.outlink.predictor import Predictor
from support.runners import Waiting


async def test_what_would_wait_too_long_is_refused_before_it_is_begun() -> None:
    runner = Waiting(max_queue_seconds=0.0)
    predictor = Predictor(runner, workers=1)
    request = predictor.read({"features_str": "Q1 Q2"})
    first = asyncio.create_task(predictor.topics(request, Deadline.after(60)))
    while not runner.tasks:
        await asyncio.sleep(0)
    with pytest.raises(TooManyRequests) as refused:
        async with asyncio.timeout(5):
            await predictor.topics(request, Deadline.after(60))
    assert refused.value.retry_after == 1
    runner.value.set_result([b"[]"])
    assert await first == b"[]"
    assert runner.tasks == [[("Q1 Q2", 0.5)]]
    await predictor.close()
