"""In which order stages run, and which of them a stage may know about."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter


class Graph:
    """Stages as arcs name them: on an arc, each stage runs after the one before it."""

    def __init__(self, arcs: Sequence[Sequence[str]]) -> None:
        self._before: dict[str, set[str]] = {}
        for arc in arcs:
            for earlier, later in zip([None, *arc], arc):
                self._before.setdefault(later, set()).update({earlier} if earlier else ())

    @property
    def order(self) -> tuple[str, ...]:
        """All stages, each after those that it follows. Raises graphlib.CycleError."""
        return tuple(TopologicalSorter(self._before).static_order())

    def ancestors(self, name: str) -> frozenset[str]:
        """All stages that a stage follows, directly or not."""
        before = self._before[name]
        return frozenset(before.union(*(self.ancestors(other) for other in before)))
