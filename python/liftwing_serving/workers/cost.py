"""What is known of a task's cost before it runs, and what was learnt from others of its kind."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

# How much of what was known one more task takes the place of.
RENEWAL = 1 / 200
# What a task is taken to cost until the first of its kind was measured.
FIRST_GUESS_SECONDS = 0.025


@dataclass(frozen=True, slots=True)
class Work:
    """What is known of a task's cost: tasks of one `kind` take long in proportion to `size`.

    The size, in bytes or any unit that the kind is measured in, is None while nobody knows it. A
    `heavy` task may be paused for others. One that goes `first` overtakes all that wait: it is
    short, and much was done for it already.
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
