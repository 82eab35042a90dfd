"""How many seconds of work a runner has before it, and what can still be done in time.

Plain arithmetic over what was measured before: a request is turned away when it arrives, before
anything was spent on it, rather than when its time is over.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

# How much of what was known one more task takes the place of.
RENEWAL = 1 / 200
# What a task is taken to cost until the first of its kind was measured.
FIRST_GUESS_SECONDS = 0.025
# The part of a request's time that is planned with; the rest is for estimates that are too low.
PLANNED_SHARE = 0.75
# What a worker's replacement costs: milliseconds for the fork, and words that have to be learnt
# again, which were measured to take 0.7 seconds over its first 120 revisions.
REPLACEMENT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """What is known of a task's cost: tasks of one `kind` take long in proportion to `size`.

    The size, in bytes or any unit that the kind is measured in, is None while nobody knows it. One
    that goes `first` overtakes all that wait: it is short, and much was done for it already.
    """

    kind: Hashable = None
    size: int | None = None
    heavy: bool = False
    first: bool = False


class Cost:
    """Seconds of one kind of task as a line over their size, by least squares; the past fades."""

    def __init__(self) -> None:
        self._number = self._x = self._y = self._xx = self._xy = 0.0

    def learn(self, size: int, seconds: float) -> None:
        """Count a measured task in."""
        kept = 1 - RENEWAL
        self._number = kept * self._number + 1
        self._x = kept * self._x + size
        self._y = kept * self._y + seconds
        self._xx = kept * self._xx + size * size
        self._xy = kept * self._xy + size * seconds

    def expected(self, size: int | None) -> float:
        """Seconds of a task of that size, or of the usual one."""
        if not self._number:
            return FIRST_GUESS_SECONDS
        mean = self._y / self._number
        spread = self._number * self._xx - self._x**2
        # Sizes that are all alike make no line.
        if size is None or spread <= 1e-6 * self._number * self._xx:
            return mean
        slope = max(0.0, (self._number * self._xy - self._x * self._y) / spread)
        base = mean - slope * self._x / self._number
        return base + slope * size if base >= 0 else self._xy / self._xx * size


@dataclass(slots=True, eq=False)
class Share:
    """One task's part of the load. `seconds` are those expected, `began` a monotonic moment."""

    work: Work
    seconds: float
    began: float | None = None


class Load:
    """The work of one runner: announced, waiting and running. `workers` is kept by the runner.

    Heavy tasks leave one worker of several to the light ones. Those of a batch are planned, and
    announced a few at a time: single ones overtake the others, and are not refused for them.
    """

    def __init__(self, max_queue_seconds: float) -> None:
        self.workers = 1
        self.max_queue_seconds = max_queue_seconds
        self._costs: dict[Hashable, Cost] = {}
        self._announced: Counter[Hashable] = Counter()
        self._planned: Counter[Hashable] = Counter()
        self._waiting: set[Share] = set()
        # Of those that wait, light ones and heavy ones.
        self._waiting_seconds = [0.0, 0.0]
        self._running: set[Share] = set()

    def expected(self, work: Work) -> float:
        """Seconds that such a task takes."""
        cost = self._costs.get(work.kind)
        return cost.expected(work.size) if cost else FIRST_GUESS_SECONDS

    def announce(self, kind: Hashable) -> None:
        """Count in a task that was admitted and will come."""
        self._announced[kind] += 1

    def arrived(self, kind: Hashable) -> None:
        """It has come, or will not."""
        self._announced[kind] -= 1

    def plan(self, kind: Hashable, number: int) -> None:
        """Count in the tasks of a batch that was admitted."""
        self._planned[kind] += number

    def unplan(self, kind: Hashable, number: int = 1) -> None:
        """So many of them have come, or will not."""
        self._planned[kind] -= number

    def add(self, work: Work) -> Share:
        """A task that now waits."""
        share = Share(work, self.expected(work))
        self._wait(share)
        return share

    def begin(self, share: Share, now: float) -> None:
        """It runs from now on."""
        self._leave(share)
        share.began = now
        self._running.add(share)

    def put_back(self, share: Share) -> None:
        """It waits again."""
        self._running.discard(share)
        share.began = None
        self._wait(share)

    def remove(self, share: Share) -> None:
        """It will not be done, or not be waited for. Can be repeated."""
        self._leave(share)
        self._running.discard(share)

    def finish(self, share: Share, now: float) -> None:
        """It was done just now; the next ones are expected to take about as long."""
        if share.began is not None:
            cost = self._costs.setdefault(share.work.kind, Cost())
            cost.learn(share.work.size or 0, now - share.began)
        self.remove(share)

    def queued_seconds(self, now: float, heavy: bool = False, batch: bool = False) -> float:
        """Seconds until a task that came now would begin, or a batch's usual one would."""
        light_sum, heavy_sum = self._waiting_seconds
        light_sum += self._expected_of(self._announced)
        if batch:
            light_sum += self._expected_of(self._planned)
        for share in self._running:
            left = max(0.0, share.seconds - (now - (share.began or now)))
            if share.work.heavy:
                heavy_sum += left
            else:
                light_sum += left
        all_workers = (light_sum + heavy_sum) / self.workers
        if self.workers == 1:
            return all_workers
        if heavy:
            return max(all_workers, heavy_sum / (self.workers - 1))
        # However many heavy ones there are, one worker is for the light ones.
        return min(all_workers, light_sum)

    def refusal(
        self, kind: Hashable, seconds_left: float, now: float, number: int = 1
    ) -> int | None:
        """Whether a request that arrives is one too many: in how many seconds it might not be.

        A batch of several tasks is refused as a whole.
        """
        batch = number > 1
        own = self.expected(Work(kind)) * max(1.0, number / self.workers)
        limit = min(self.max_queue_seconds, PLANNED_SHARE * seconds_left - own)
        return self._over(self.queued_seconds(now, batch=batch), limit, batch)

    def refusal_of_heavy(self, work: Work, seconds_left: float, now: float) -> int | None:
        """The same for a task that turned out to be heavy, and would not end in time."""
        limit = PLANNED_SHARE * seconds_left - self.expected(work)
        return self._over(self.queued_seconds(now, heavy=True), limit)

    def _expected_of(self, tasks: Counter[Hashable]) -> float:
        return sum(number * self.expected(Work(kind)) for kind, number in tasks.items())

    def _over(self, queued: float, limit: float, batch: bool = False) -> int | None:
        # An idle worker takes anything: only trying tells whether an estimate is still right.
        tasks = len(self._waiting) + len(self._running) + self._announced.total()
        tasks += self._planned.total() if batch else 0
        if queued <= limit or tasks < self.workers:
            return None
        return max(1, math.ceil(queued - limit))

    def _wait(self, share: Share) -> None:
        self._waiting.add(share)
        self._waiting_seconds[share.work.heavy] += share.seconds

    def _leave(self, share: Share) -> None:
        if share in self._waiting:
            self._waiting.remove(share)
            self._waiting_seconds[share.work.heavy] -= share.seconds
        if not self._waiting:
            # What rounding left.
            self._waiting_seconds = [0.0, 0.0]


def stopping_is_cheaper(expected: float, ran: float) -> bool:
    """Whether a worker whose task nobody waits for should be replaced, as others wait for it."""
    # What took twice as long as expected may well take as long again.
    left = expected - ran if ran <= 2 * expected else ran
    return left > REPLACEMENT_SECONDS


def is_stuck(expected: float, ran: float, given: float) -> bool:
    """Whether a task that was `given` so many seconds runs for no good reason any more."""
    return ran > max(2 * given, 3 * expected + REPLACEMENT_SECONDS)
