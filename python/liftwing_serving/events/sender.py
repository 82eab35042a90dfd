"""Delivers events in the background: no request waits for EventGate or fails because of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import aiohttp
import orjson

from liftwing_serving import metrics
from liftwing_serving.events.eventgate import EventGate, Verdict
from liftwing_serving.events.queue import EventStore, MemoryQueue, QueuedEvent
from liftwing_serving.retries import RetryPolicy
from liftwing_serving.settings import EventSettings

logger = logging.getLogger(__name__)

MAX_BATCH_EVENTS = 100
# What EventGate's JSON parser takes without further configuration is 100 kB.
MAX_BATCH_BYTES = 90_000
# Backoff stops doubling here: 32 seconds for a first delay of 0.5.
MAX_DOUBLINGS = 6
MAX_DOUBLINGS_PARTLY = 2
CLOSING_PAUSE_SECONDS = 0.2
CLOSE_SECONDS = 5.0

# What becomes of events. Each accepted one ends as delivered, rejected or dropped, with any number
# of retries between.
EventResult = Literal[
    "accepted",
    "delivered",
    "rejected",
    "retried",
    "dropped_full",
    "dropped_age",
    "dropped_failures",
    "dropped_closed",
]
Count = Callable[[EventResult, int], None]


class Destination(Protocol):
    """Where a batch is sent: an EventGate."""

    async def send(self, batch: Sequence[QueuedEvent]) -> Verdict:
        """What became of each event. Never raises because of the other side."""


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """When to give an event up; `base_delay` is the first delay before a further try, in seconds.

    An EventGate that cannot be asked is no failure of an event, so an outage costs only the events
    that grow older than `max_age_seconds` during it.
    """

    max_failures: int = 8
    max_age_seconds: float = 900.0
    base_delay: float = 0.5


class EventSender:
    """Takes events, keeps them in a store and delivers them, one batch after the other.

    A batch that failed as a whole is sent again in halves, so that an event on which EventGate
    fails is soon alone and holds up no others. `count` is told what becomes of events.
    """

    def __init__(
        self,
        destination: Destination,
        store: EventStore,
        count: Count,
        limits: RetryLimits | None = None,
    ) -> None:
        self._destination = destination
        self._store = store
        self._count = count
        self._limits = limits or RetryLimits()
        self._backoff = RetryPolicy(self._limits.max_failures, self._limits.base_delay)
        self._arrived = asyncio.Event()
        self._closing = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._batch_events = MAX_BATCH_EVENTS
        self._overflowing = False

    @property
    def waiting(self) -> int:
        """How many events wait for delivery."""
        return len(self._store)

    async def start(self) -> None:
        """Begin to deliver, in a task of its own."""
        self._task = asyncio.create_task(self._deliver_until_closed())

    async def emit(self, event: dict[str, Any]) -> None:
        """Hand an event over to the store. Neither waits nor fails because of EventGate.

        Raises Unavailable if the store is full and gives up no event, KeyError if the event has no
        `meta.id`.
        """
        queued = QueuedEvent(event["meta"]["id"], orjson.dumps(event), time.time())
        if self._closed:
            self._count("accepted", 1)
            self._drop(1, "dropped_closed")
            return
        dropped = self._store.accept(queued)
        self._count("accepted", 1)
        if dropped:
            self._overflow(dropped)
        self._arrived.set()

    async def close(self, grace_seconds: float) -> None:
        """Deliver what waits, for at most so many seconds, then close the store."""
        self._closing.set()
        self._arrived.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=grace_seconds)
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._drop(self._store.close(), "dropped_closed")

    async def _deliver_until_closed(self) -> None:
        while not self._closed and (len(self._store) or not self._closing.is_set()):
            try:
                await self._deliver_one_batch()
            except Exception:
                # A defect, or a store's disk; without this task no event would ever leave again.
                logger.exception("the delivery of events failed")
                self._failures += 1
            if self._failures:
                await self._pause()

    async def _deliver_one_batch(self) -> None:
        if not len(self._store):
            self._arrived.clear()
            await self._arrived.wait()
        batch = self._next_batch()
        if not batch:
            return
        try:
            verdict = await self._destination.send(batch)
        except BaseException:
            self._store.give_back(batch)
            raise
        self._settle(verdict)
        self._adapt(verdict, len(batch))

    def _next_batch(self) -> list[QueuedEvent]:
        """The next events that are not too old; older ones are given up on the way."""
        oldest = time.time() - self._limits.max_age_seconds
        batch: list[QueuedEvent] = []
        dropped = 0
        while not batch and len(self._store):
            taken = self._store.take(self._batch_events, MAX_BATCH_BYTES)
            batch = [event for event in taken if event.accepted_at >= oldest]
            old = [event for event in taken if event.accepted_at < oldest]
            self._store.acknowledge(old)
            dropped += len(old)
        self._drop(dropped, "dropped_age")
        return batch

    def _settle(self, verdict: Verdict) -> None:
        """Have the store forget what is done with, and keep what is to be sent again."""
        failed = list(verdict.failed)
        if verdict.blamed:
            failed = [replace(event, failures=event.failures + 1) for event in failed]
        hopeless = [event for event in failed if event.failures >= self._limits.max_failures]
        again = [event for event in failed if event.failures < self._limits.max_failures]
        self._store.acknowledge([*verdict.delivered, *verdict.rejected, *hopeless])
        self._store.give_back(again)
        self._drop(len(hopeless), "dropped_failures")
        became: dict[EventResult, int] = {
            "delivered": len(verdict.delivered),
            "rejected": len(verdict.rejected),
            "retried": len(again),
        }
        for result, number in became.items():
            if number:
                self._count(result, number)

    def _adapt(self, verdict: Verdict, size: int) -> None:
        if verdict.failed:
            self._failures += 1
            if verdict.delivered:
                # Those that EventGate does take should not wait long for those that it does not.
                self._failures = min(self._failures, MAX_DOUBLINGS_PARTLY)
            logger.warning(
                "EventGate did not take %d of %d events, %d wait: %s",
                len(verdict.failed),
                size,
                self.waiting,
                verdict.reason,
            )
        else:
            self._failures = 0
            self._overflowing = False
        if len(verdict.failed) == size:
            self._batch_events = max(1, size // 2)
        else:
            self._batch_events = min(MAX_BATCH_EVENTS, self._batch_events * 2)

    async def _pause(self) -> None:
        """Wait before the next try; while closing there is no time for long waits."""
        delay = self._backoff.delay(min(self._failures - 1, MAX_DOUBLINGS), None)
        if self._closing.is_set():
            await asyncio.sleep(min(delay, CLOSING_PAUSE_SECONDS))
            return
        try:
            # Not wait_for, which in Python 3.11 may swallow the cancellation by close().
            async with asyncio.timeout(delay):
                await self._closing.wait()
        except TimeoutError:
            pass

    def _overflow(self, count: int) -> None:
        """Log it once for each outage; the metrics have the number."""
        if not self._overflowing:
            self._overflowing = True
            logger.error("too many events wait for EventGate: the oldest are dropped")
        self._count("dropped_full", count)

    def _drop(self, count: int, result: EventResult) -> None:
        if count:
            logger.error("%d events are dropped: %s", count, result.removeprefix("dropped_"))
            self._count(result, count)


@asynccontextmanager
async def open_sender(
    settings: EventSettings, session: aiohttp.ClientSession
) -> AsyncIterator[EventSender | None]:
    """A server's sender, which delivers until the context is left.

    None unless both EVENTGATE_URL and EVENTGATE_STREAM are set.
    """
    if settings.eventgate_url is None or settings.eventgate_stream is None:
        yield None
        return
    gate = EventGate(str(settings.eventgate_url), session, settings.aiohttp_client_timeout)
    sender = EventSender(gate, MemoryQueue(), metrics.count_events)
    metrics.EVENT_QUEUE.set_function(lambda: sender.waiting)
    await sender.start()
    try:
        yield sender
    finally:
        await sender.close(CLOSE_SECONDS)
