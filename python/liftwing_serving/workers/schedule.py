"""Which jobs run: those of lowest rank, as many as there are cores.

Decided here and not by priorities of the kernel's, which mean nothing while the container's CPU
quota is smaller than the machine: there all processes run, and then all stand still together.
"""

from __future__ import annotations

from collections.abc import Iterator

from liftwing_serving.workers.queue import Job
from liftwing_serving.workers.ranked import Ranked


class Schedule:
    """Jobs that wait, run on `cores` cores, or are paused.

    A heavy job is paused while a light one of lower rank waits, and goes on before another heavy
    one is begun, so that there are never more of them begun than cores. However long heavy jobs
    have waited, they leave one core of several to light ones. A paused job holds nothing that
    another process waits for.
    """

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self._light: Ranked[Job] = Ranked()
        self._heavy: Ranked[Job] = Ranked()
        self._paused: Ranked[Job] = Ranked()
        self._running: set[Job] = set()

    @property
    def waiting(self) -> int:
        """How many jobs no worker has."""
        return len(self._light) + len(self._heavy)

    @property
    def heavy_begun(self) -> int:
        """How many heavy jobs run or are paused."""
        return len(self._paused) + self._heavy_running

    def __iter__(self) -> Iterator[Job]:
        for jobs in (self._light, self._heavy, self._paused, self._running):
            yield from list(jobs)

    def wait(self, job: Job) -> None:
        """Take in a job that no worker has."""
        (self._heavy if job.heavy else self._light).add(job)

    def run(self, job: Job) -> None:
        """It runs from now on."""
        self.remove(job)
        self._running.add(job)

    def pause(self, job: Job) -> None:
        """It stands still from now on."""
        self._running.remove(job)
        self._paused.add(job)

    def remove(self, job: Job) -> None:
        """Let go of a job, if it is here."""
        self._running.discard(job)
        for jobs in (self._light, self._heavy, self._paused):
            jobs.discard(job)

    def next(self, idle_worker: bool) -> Job | None:
        """The job that should now be begun, or go on if it is paused.

        `idle_worker` says whether one could be begun. See `in_the_way`.
        """
        light = self._light.first if idle_worker else None
        if len(self._running) >= self.cores:
            return light if light and self.in_the_way(light) else None
        heavy = self._paused.first or (self._heavy.first if idle_worker else None)
        if heavy is None or (light and self._heavy_running >= self._cores_for_heavy):
            return light
        return heavy if light is None or heavy.rank < light.rank else light

    def in_the_way(self, light: Job) -> Job | None:
        """The heavy job that has to be paused for the light one, if no core is free."""
        if len(self._running) < self.cores:
            return None
        last = max((job for job in self._running if job.heavy), key=_rank, default=None)
        if last and (light.rank < last.rank or self._heavy_running > self._cores_for_heavy):
            return last
        return None

    @property
    def _heavy_running(self) -> int:
        return sum(job.heavy for job in self._running)

    @property
    def _cores_for_heavy(self) -> int:
        """How many they may have while light jobs wait."""
        return max(1, self.cores - 1)


def _rank(job: Job) -> float:
    return job.rank
