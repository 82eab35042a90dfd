"""What the demo EventGate was sent and took, for tests and demonstrations to look at."""

from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

REMEMBERED = 10_000
"""Accepted events that are kept."""


@dataclass(slots=True)
class Received:
    """Accepted events since they were last emptied; the total counts forgotten ones too."""

    total: int = 0
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def add(self, events: list[dict[str, Any]]) -> None:
        """Keep what was accepted in one call."""
        self.total += len(events)
        self.events.extend(events)

    def since(self, offset: int) -> list[tuple[int, dict[str, Any]]]:
        """The kept events from this place on, counted from the first of all, with their places."""
        first = self.total - len(self.events)
        after = islice(self.events, max(0, offset - first), None)
        return list(enumerate(after, max(offset, first)))

    def reset(self) -> None:
        """Forget everything."""
        self.total = 0
        self.events.clear()

    def document(self) -> dict[str, Any]:
        """The events, oldest first, as a JSON document."""
        return {"total": self.total, "events": list(self.events)}


@dataclass(slots=True)
class Calls:
    """Counts of the calls since the last reset."""

    total: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    user_agents: Counter[str] = field(default_factory=Counter)
    content_types: Counter[str] = field(default_factory=Counter)

    def record_sender(self, user_agent: str, content_type: str) -> None:
        """Count a call by who sent it and how."""
        self.total += 1
        self.user_agents[user_agent] += 1
        self.content_types[content_type] += 1

    def record_outcome(self, status: int, **events: int) -> None:
        """Count an answer, and events by what became of them."""
        self.by_status[str(status)] += 1
        self.events.update(events)

    def reset(self) -> None:
        """Forget everything."""
        self.total = 0
        for part in (self.by_status, self.events, self.user_agents, self.content_types):
            part.clear()

    def document(self) -> dict[str, Any]:
        """The counts as a JSON document."""
        return {
            "total": self.total,
            "by_status": dict(self.by_status),
            "events": dict(self.events),
            "user_agents": dict(self.user_agents),
            "content_types": dict(self.content_types),
        }
