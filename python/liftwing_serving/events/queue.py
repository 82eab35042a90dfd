"""Where events wait for their delivery."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

MAX_EVENTS = 10_000
MAX_BYTES = 16 << 20
# An event is far larger than usual at so many times the mean.
LARGE = 2


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An event as it is sent: `body` is its JSON, `id` its `meta.id`, the same in each try.

    `accepted_at` is in seconds since 1970, for it may outlive the process; `failures` counts how
    often EventGate failed on it alone.
    """

    id: str
    body: bytes
    accepted_at: float
    failures: int = 0


class EventStore(Protocol):
    """Keeps accepted events until they are acknowledged. Called on the event loop: be quick.

    An event that was taken still belongs to the store: it counts towards the store's bounds, and
    a store that outlives the process offers it again after a crash.
    """

    def accept(self, event: QueuedEvent) -> int:
        """Keep an event; returns how many were given up for it, itself perhaps included.

        Raises Unavailable if the store is full and gives up none.
        """

    def take(self, max_events: int, max_bytes: int) -> list[QueuedEvent]:
        """The next events, oldest first; at least one if any waits, however large it is.

        `max_bytes` bounds their bodies together.
        """

    def acknowledge(self, batch: Sequence[QueuedEvent]) -> None:
        """Forget events that were taken."""

    def give_back(self, batch: Sequence[QueuedEvent]) -> None:
        """Have events that were taken wait again, in this order, before all others."""

    def __len__(self) -> int:
        """How many events wait."""

    def close(self) -> int:
        """Let go of everything, as the last call; returns how many events that loses."""


class MemoryQueue:
    """An EventStore of this process, bounded in events and in bytes of their JSON.

    When it is full the oldest event gives way: those who act on scores need the fresh ones, and
    the oldest is also the one that comes first to its end by age. Where bytes are short it is the
    oldest of those far larger than usual, if there are any: nobody can flush the events of others
    by a few huge ones.
    """

    def __init__(self, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._waiting: deque[QueuedEvent] = deque()
        self._kept = 0
        self._bytes = 0

    def accept(self, event: QueuedEvent) -> int:
        """Keep an event; returns how many were given up for it, itself perhaps included."""
        self._waiting.append(event)
        self._kept += 1
        self._bytes += len(event.body)
        dropped = 0
        while self._waiting and self._full:
            place = self._next_to_go()
            self.acknowledge([self._waiting[place]])
            del self._waiting[place]
            dropped += 1
        return dropped

    def take(self, max_events: int, max_bytes: int) -> list[QueuedEvent]:
        """The next events, oldest first; at least one if any waits."""
        size = count = 0
        for event in islice(self._waiting, max_events):
            size += len(event.body)
            if count and size > max_bytes:
                break
            count += 1
        return [self._waiting.popleft() for _ in range(count)]

    def acknowledge(self, batch: Sequence[QueuedEvent]) -> None:
        """Forget events that were taken."""
        self._kept -= len(batch)
        self._bytes -= sum(len(event.body) for event in batch)

    def give_back(self, batch: Sequence[QueuedEvent]) -> None:
        """Have events that were taken wait again, before all others."""
        self._waiting.extendleft(reversed(batch))

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> int:
        """Forget everything; returns how many events were waiting."""
        lost = len(self._waiting)
        self._waiting.clear()
        self._kept = self._bytes = 0
        return lost

    def _next_to_go(self) -> int:
        if self._bytes > self._max_bytes:
            large = LARGE * self._bytes / self._kept
            for place, event in enumerate(self._waiting):
                if len(event.body) > large:
                    return place
        return 0

    @property
    def _full(self) -> bool:
        return self._kept > self._max_events or self._bytes > self._max_bytes
