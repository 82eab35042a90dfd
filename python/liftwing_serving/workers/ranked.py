"""Things in the order of their ranks."""

from __future__ import annotations

from bisect import bisect_left, insort_right
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class HasRank(Protocol):
    """The lower its rank, the sooner it is to be done. A rank never changes."""

    @property
    def rank(self) -> float:
        """A moment of the monotonic clock, or minus infinity."""


T = TypeVar("T", bound=HasRank)


def _rank(one: HasRank) -> float:
    return one.rank


class Ranked(Generic[T]):
    """A collection in the order of rank; those of equal rank stand as they came."""

    def __init__(self) -> None:
        self._things: list[T] = []

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[T]:
        return iter(self._things)

    @property
    def first(self) -> T | None:
        """The one of lowest rank."""
        return self._things[0] if self._things else None

    def add(self, thing: T) -> None:
        """Put one in its place."""
        insort_right(self._things, thing, key=_rank)

    def discard(self, thing: T) -> bool:
        """Take one out; returns whether it was here."""
        place = bisect_left(self._things, thing.rank, key=_rank)
        while place < len(self._things) and self._things[place].rank == thing.rank:
            if self._things[place] is thing:
                del self._things[place]
                return True
            place += 1
        return False

    def behind(self, rank: float) -> Iterator[T]:
        """Those of a higher rank, the last one first."""
        for thing in reversed(self._things):
            if thing.rank <= rank:
                return
            yield thing
