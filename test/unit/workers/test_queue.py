"""Which task is next."""

from __future__ import annotations

import asyncio

from liftwing_serving.deadline import Deadline
from liftwing_serving.workers.load import Share, Work
from liftwing_serving.workers.queue import Job, JobQueue


def job(work: Work = Work()) -> Job:
    return Job(b"", Share(work, 1.0), Deadline.after(60), asyncio.Future())


async def test_what_is_to_go_first_overtakes_all_that_wait() -> None:
    queue = JobQueue()
    light, heavy, first = job(), job(Work(heavy=True)), job(Work(first=True))
    for one in (light, heavy, first):
        queue.add(one)
    assert [queue.next(heavy_allowed=True) for _ in range(3)] == [first, light, heavy]
    assert not queue


async def test_what_went_first_and_is_put_back_or_given_up_is_found_again() -> None:
    queue = JobQueue()
    light, first = job(), job(Work(first=True))
    queue.add(light)
    queue.add(first)
    queue.remove(first)
    assert queue.next(heavy_allowed=False) is light
    queue.put_back(first)
    queue.put_back(light)
    assert queue
    assert queue.take_all() == [first, light]
    assert not queue
