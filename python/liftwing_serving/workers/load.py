"""How many seconds of work a runner has before it, and what can still be done in time.

Plain arithmetic over what was measured before: a request is turned away when it arrives, before
anything was spent on it, rather than when its time is over.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

from liftwing_serving.workers.cost import FIRST_GUESS_SECONDS, Cost, Work
from liftwing_serving.workers.ranked import Ranked

# The part of a request's time that is planned with; the rest is for estimates that are too low.
PLANNED_SHARE = 0.75
# A task is overtaken by what comes within so many times its own seconds, but not for more than this
# part of its time: the shortest go first, and nothing waits for ever.
PATIENCE = 10.0
PATIENCE_SHARE = 0.25


@dataclass(slots=True, eq=False)
class Share:
    """One task's part of the load. `seconds` are those expected; moments are monotonic.

    The lower the `rank`, the sooner it runs: the moment it came, and later the more it costs.
    """

    work: Work
    seconds: float
    rank: float = -math.inf
    began: float | None = None
    paused_at: float | None = None
    paused_seconds: float = 0.0

    def ran(self, now: float) -> float:
        """Seconds that it has run, without those of its pauses."""
        if self.began is None:
            return 0.0
        until = now if self.paused_at is None else self.paused_at
        return until - self.began - self.paused_seconds

    def left(self, now: float) -> float:
        """Seconds that it is still expected to run."""
        return max(0.0, self.seconds - self.ran(now))


class Load:
    """The work of one runner: announced, waiting and begun. `workers` is kept by the runner.

    Tasks of a batch are planned, and announced a few at a time: single ones overtake the others,
    and are not refused for them.
    """

    def __init__(self, max_queue_seconds: float) -> None:
        self.workers = 1
        self.max_queue_seconds = max_queue_seconds
        self._costs: dict[Hashable, Cost] = {}
        self._announced: set[Share] = set()
        self._announced_seconds = 0.0
        self._planned: Counter[Hashable] = Counter()
        self._waiting: Ranked[Share] = Ranked()
        self._waiting_seconds = 0.0
        self._begun: set[Share] = set()

    def expected(self, work: Work) -> float:
        """Seconds that such a task takes."""
        cost = self._costs.get(work.kind)
        return cost.expected(work.size) if cost else FIRST_GUESS_SECONDS

    def announce(self, work: Work) -> Share:
        """Count in a task that was admitted and will come."""
        share = Share(work, self.expected(work))
        self._announced.add(share)
        self._announced_seconds += share.seconds
        return share

    def arrived(self, share: Share) -> None:
        """What was announced has come, or will not."""
        self._announced.remove(share)
        # Nothing is left of rounding when nothing is announced.
        self._announced_seconds -= share.seconds if self._announced else self._announced_seconds

    def plan(self, kind: Hashable, number: int) -> None:
        """Count in the tasks of a batch that was admitted."""
        self._planned[kind] += number

    def unplan(self, kind: Hashable, number: int = 1) -> None:
        """So many of them have come, or will not."""
        self._planned[kind] -= number

    def add(self, work: Work, now: float = 0.0, seconds_left: float = math.inf) -> Share:
        """A task that now waits, and has so many seconds to end."""
        share = Share(work, self.expected(work), self._rank(work, now, seconds_left))
        self._wait(share)
        return share

    def begin(self, share: Share, now: float) -> None:
        """It runs from now on."""
        self._leave(share)
        share.began = now
        self._begun.add(share)

    def pause(self, share: Share, now: float) -> None:
        """It stands still from now on."""
        share.paused_at = now

    def resume(self, share: Share, now: float) -> None:
        """It goes on."""
        if share.paused_at is not None:
            share.paused_seconds += now - share.paused_at
            share.paused_at = None

    def put_back(self, share: Share) -> None:
        """It waits again, and will be begun anew."""
        self._begun.discard(share)
        share.began = share.paused_at = None
        share.paused_seconds = 0.0
        self._wait(share)

    def remove(self, share: Share) -> None:
        """It will not be done, or not be waited for. Can be repeated."""
        self._leave(share)
        self._begun.discard(share)

    def finish(self, share: Share, now: float) -> None:
        """It was done just now; the next ones are expected to take about as long."""
        if share.began is not None:
            cost = self._costs.setdefault(share.work.kind, Cost())
            cost.learn(share.work.size or 0, share.ran(now))
        self.remove(share)

    def queued_seconds(
        self, now: float, work: Work | None = None, left: float = math.inf, batch: bool = False
    ) -> float:
        """Seconds until such a task that came now would begin: one that overtakes nothing, if it
        is None. For a batch what is left of other batches counts, too."""
        rank = self._rank(work, now, left) if work else math.inf
        seconds = self._announced_seconds + self._ahead_seconds(work, rank, now)
        if batch:
            for kind, number in self._planned.items():
                seconds += number * self.expected(Work(kind))
        return seconds / self.workers

    def refusal(self, work: Work, seconds_left: float, now: float, number: int = 1) -> int | None:
        """Whether a request that arrives is one too many: in how many seconds it might not be.

        A batch of several tasks is refused as a whole.
        """
        batch = number > 1
        own = self.expected(work) * max(1.0, number / self.workers)
        limit = min(self.max_queue_seconds, PLANNED_SHARE * seconds_left - own)
        return self._over(self.queued_seconds(now, work, seconds_left, batch), limit, batch)

    def late_refusal(self, work: Work, seconds_left: float, now: float) -> int | None:
        """The same for a task that was admitted, now that its size is known: whether it cannot
        end in its time after all."""
        rank = self._rank(work, now, seconds_left)
        queued = self._ahead_seconds(work, rank, now) / self.workers
        return self._over(queued, seconds_left - self.expected(work))

    def _ahead_seconds(self, work: Work | None, rank: float, now: float) -> float:
        """What the workers have to do before such a task of that rank."""
        overtaken = sum(share.seconds for share in self._waiting.behind(rank))
        # Nothing that was begun is paused for a heavy one.
        behind_all = work is None or work.heavy
        begun = sum(share.left(now) for share in self._begun if behind_all or share.rank <= rank)
        return max(0.0, self._waiting_seconds - overtaken) + begun

    def _rank(self, work: Work, now: float, seconds_left: float) -> float:
        if work.first:
            return -math.inf
        return now + min(PATIENCE * self.expected(work), PATIENCE_SHARE * max(0.0, seconds_left))

    def _over(self, queued: float, limit: float, batch: bool = False) -> int | None:
        # An idle worker takes anything: only trying tells whether an estimate is still right.
        tasks = len(self._waiting) + len(self._begun) + len(self._announced)
        tasks += self._planned.total() if batch else 0
        if queued <= limit or tasks < self.workers:
            return None
        return max(1, math.ceil(queued - limit))

    def _wait(self, share: Share) -> None:
        self._waiting.add(share)
        self._waiting_seconds += share.seconds

    def _leave(self, share: Share) -> None:
        if self._waiting.discard(share):
            # Nothing is left of rounding when nothing waits.
            self._waiting_seconds -= share.seconds if self._waiting else self._waiting_seconds
