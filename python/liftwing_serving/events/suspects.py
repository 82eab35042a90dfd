"""Events that failed on their own, each waiting until it is tried again alone."""

from __future__ import annotations

import time
from dataclasses import replace

from liftwing_serving.events.queue import QueuedEvent
from liftwing_serving.retries import RetryPolicy

# With more than this it is not the events that are at fault. They never fill a store.
MAX_SUSPECTS = 100


class Suspects:
    """Few events, kept apart so that the others pass them; each waits longer every time."""

    def __init__(self, backoff: RetryPolicy, max_doublings: int) -> None:
        self._backoff = backoff
        self._max_doublings = max_doublings
        self._due: dict[str, tuple[float, QueuedEvent]] = {}

    def __len__(self) -> int:
        return len(self._due)

    def set_aside(self, event: QueuedEvent) -> bool:
        """Have it wait; false if there is no room."""
        if len(self._due) >= MAX_SUSPECTS:
            return False
        delay = self._backoff.delay(min(event.failures, self._max_doublings), None)
        again = replace(event, failures=event.failures + 1)
        self._due[event.id] = time.monotonic() + delay, again
        return True

    def seconds(self) -> float | None:
        """How long until the next one is due; None if there is none."""
        if not self._due:
            return None
        return max(0.0, min(due for due, _ in self._due.values()) - time.monotonic())

    def take(self) -> QueuedEvent:
        """The one that is due first, whether it is time or not; there must be one."""
        event_id = min(self._due, key=lambda event_id: self._due[event_id][0])
        return self._due.pop(event_id)[1]

    def take_all(self) -> list[QueuedEvent]:
        """All, oldest first."""
        events = sorted((event for _, event in self._due.values()), key=lambda e: e.accepted_at)
        self._due.clear()
        return events
