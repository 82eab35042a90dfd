"""Which tasks run, which are paused, and which are next."""

from __future__ import annotations

import asyncio
import math
import random

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.workers.cost import Work
from liftwing_serving.workers.load import Share
from liftwing_serving.workers.queue import Job
from liftwing_serving.workers.schedule import Schedule


def job(rank: float, heavy: bool = False) -> Job:
    return Job(b"", Share(Work(heavy=heavy), 1.0, rank), Deadline.after(60), asyncio.Future())


class Desk:
    """Does what the schedule says, as the pool would, with workers in plenty."""

    def __init__(self, cores: int) -> None:
        self.schedule = Schedule(cores)
        self.running: list[Job] = []
        self.paused: list[Job] = []

    def come(self, *jobs: Job) -> None:
        for one in jobs:
            self.schedule.wait(one)
        self._settle()

    def end(self, one: Job) -> None:
        self.schedule.remove(one)
        self.running.remove(one)
        self._settle()

    def _settle(self) -> None:
        while following := self.schedule.next(idle_worker=True):
            if following in self.paused:
                self.paused.remove(following)
            else:
                other = self.schedule.in_the_way(following)
                if other:
                    self.schedule.pause(other)
                    self.running.remove(other)
                    self.paused.append(other)
                following.share.began = 0.0
            self.schedule.run(following)
            self.running.append(following)


async def test_those_of_lowest_rank_run_as_many_as_there_are_cores() -> None:
    desk, jobs = Desk(2), [job(rank) for rank in (5, 1, 4, 2, 3)]
    desk.come(*jobs[:2])
    desk.come(*jobs[2:])
    assert set(desk.running) == set(jobs[:2])
    for ended, begun in ((jobs[0], jobs[3]), (jobs[1], jobs[4]), (jobs[3], jobs[2])):
        desk.end(ended)
        assert desk.running[-1] is begun


async def test_what_is_to_go_first_overtakes_all_that_wait() -> None:
    desk, busy = Desk(1), job(0)
    desk.come(busy)
    first = job(-math.inf)
    desk.come(job(1), first, job(2, heavy=True))
    desk.end(busy)
    assert desk.running == [first]


async def test_heavy_ones_have_all_cores_while_nothing_light_waits() -> None:
    desk, heavy = Desk(2), [job(rank, heavy=True) for rank in (1, 2, 3)]
    desk.come(*heavy)
    assert desk.running == heavy[:2]


@pytest.mark.parametrize("cores", [1, 2])
async def test_a_heavy_one_is_paused_for_a_light_one_and_then_goes_on(cores: int) -> None:
    desk, heavy = Desk(cores), [job(rank, heavy=True) for rank in (10, 11, 12)]
    desk.come(*heavy)
    light = [job(rank) for rank in range(1, cores + 1)]
    desk.come(*light)
    assert desk.running == light and sorted(one.rank for one in desk.paused) == [10, 11][:cores]
    desk.end(light[0])
    # Before the third one is begun, which no worker has yet.
    assert desk.running[-1] is heavy[0]


async def test_a_light_one_is_never_paused() -> None:
    desk, light = Desk(1), job(10)
    desk.come(light)
    desk.come(job(1), job(2, heavy=True))
    assert desk.running == [light]


async def test_a_heavy_one_that_has_waited_long_is_begun_and_not_paused() -> None:
    desk, busy, heavy = Desk(1), job(1), job(5, heavy=True)
    desk.come(busy)
    desk.come(heavy, job(6))
    desk.end(busy)
    assert desk.running == [heavy]


async def test_however_long_heavy_ones_have_waited_they_leave_one_core_of_several() -> None:
    desk, heavy = Desk(3), [job(rank, heavy=True) for rank in (1, 2, 3)]
    desk.come(*heavy)
    late = [job(10), job(11)]
    desk.come(*late)
    assert desk.running == [heavy[0], heavy[1], late[0]]
    desk.end(late[0])
    assert desk.running[-1] is late[1]
    desk.end(late[1])
    assert set(desk.running) == set(heavy)


async def test_nothing_is_paused_for_what_no_worker_could_begin() -> None:
    schedule, heavy = Schedule(1), job(5, heavy=True)
    schedule.wait(heavy)
    schedule.run(heavy)
    schedule.wait(job(1))
    assert schedule.next(idle_worker=False) is None


@pytest.mark.parametrize("cores", [1, 2, 4])
async def test_no_core_is_idle_while_anything_waits_and_all_is_done(cores: int) -> None:
    dice = random.Random(cores)
    desk, jobs = Desk(cores), [job(dice.random(), dice.random() < 0.5) for _ in range(300)]
    left: set[Job] = set()
    for one in jobs:
        left.add(one)
        desk.come(one)
        assert len(desk.running) == min(cores, len(left))
        assert desk.schedule.heavy_begun <= cores
        if dice.random() < 0.8:
            ended = dice.choice(desk.running)
            desk.end(ended)
            left.remove(ended)
    while desk.running:
        assert len(desk.running) == min(cores, len(left))
        ended = dice.choice(desk.running)
        desk.end(ended)
        left.remove(ended)
    assert not left and not list(desk.schedule)
