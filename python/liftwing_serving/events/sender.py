"""Delivers events in the background: no request waits for EventGate or fails because of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import aiohttp
import orjson

from liftwing_serving import metrics
from liftwing_serving.events.eventgate import Again, EventGate, Verdict
from liftwing_serving.events.queue import EventStore, MemoryQueue, QueuedEvent
from liftwing_serving.events.values import MAX_EVENT_BYTES
from liftwing_serving.events.suspects import Suspects
from liftwing_serving.retries import RetryPolicy
from liftwing_serving.settings import EventSettings

logger = logging.getLogger(__name__)

MAX_BATCH_EVENTS = 100
# Backoff stops doubling here: 32 seconds for a first delay of 0.5.
MAX_DOUBLINGS = 6
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
    "dropped_closed",
]
Count = Callable[[EventResult, int], None]


class Destination(Protocol):
    """Where a batch is sent: an EventGate."""

    async def send(self, batch: Sequence[QueuedEvent]) -> Verdict:
        """What became of each event. Never raises because of the other side."""


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """When to give an event up, and how long to wait before the first repetition, in seconds."""

    max_age_seconds: float = 900.0
    base_delay: float = 0.5


class EventSender:
    """Takes events, keeps them in a store and delivers them, one call after the other.

    A failed call may be EventGate's fault, or that of one event on which it chokes. So the next
    one has a single event, and if that fails it is set aside and another is tried: if that is
    taken, calls grow again and the first is tried now and then, alone; if it fails too, EventGate
    is out of order and left alone for a while. No event is given up before it is too old.
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
        self._backoff = RetryPolicy(0, self._limits.base_delay)
        self._suspects = Suspects(self._backoff, MAX_DOUBLINGS)
        self._arrived = asyncio.Event()
        self._closing = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._batch_events = MAX_BATCH_EVENTS
        # How many of the next events travel each by itself, after an answer that asks for it.
        self._singly = 0
        self._suspect_was_last = False
        self._failed_alone = False
        self._pauses = 0
        self._overflowing = False

    @property
    def waiting(self) -> int:
        """How many events wait for their delivery."""
        return len(self._store) + len(self._suspects)

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
        """Deliver what waits, for at most so many seconds, then close the store.

        Cancelled, it closes the store at once: what is lost is counted all the same.
        """
        self._closing.set()
        self._arrived.set()
        try:
            if self._task is not None:
                await asyncio.wait({self._task}, timeout=grace_seconds)
        finally:
            self._closed = True
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait({self._task})
            self._store.give_back(self._suspects.take_all())
            self._drop(self._store.close(), "dropped_closed")

    async def _deliver_until_closed(self) -> None:
        while not self._closed and (self.waiting or not self._closing.is_set()):
            try:
                works = await self._deliver_one_batch()
            except Exception:
                # A defect, or a store's disk; without this task no event would ever leave again.
                logger.exception("the delivery of events failed")
                works = False
            if not works:
                await self._pause()

    async def _deliver_one_batch(self) -> bool:
        """One call, or a wait for events. False if another call now would hardly do better."""
        batch = self._without_old(self._next_batch())
        if not batch:
            await self._wait_for_events()
            return True
        try:
            verdict = await self._destination.send(batch)
        except BaseException:
            self._store.give_back(batch)
            raise
        self._settle(batch, verdict)
        return self._adapt(batch, verdict)

    async def _wait_for_events(self) -> None:
        self._arrived.clear()
        if len(self._store):
            return
        try:
            async with asyncio.timeout(self._suspects.seconds()):
                await self._arrived.wait()
        except TimeoutError:
            pass

    def _next_batch(self) -> list[QueuedEvent]:
        """A suspect whose time has come, never two in a row while others wait; or what is next."""
        closing = self._closing.is_set() and len(self._suspects)
        due = closing or self._suspects.seconds() == 0
        self._suspect_was_last = bool(due and not (self._suspect_was_last and len(self._store)))
        if self._suspect_was_last:
            return [self._suspects.take()]
        if self._singly:
            self._singly -= 1
            return self._store.take(1, MAX_EVENT_BYTES)
        return self._store.take(self._batch_events, MAX_EVENT_BYTES)

    def _without_old(self, taken: list[QueuedEvent]) -> list[QueuedEvent]:
        """The events that are not too old; the others are given up."""
        oldest = time.time() - self._limits.max_age_seconds
        old = [event for event in taken if event.accepted_at < oldest]
        self._store.acknowledge(old)
        self._drop(len(old), "dropped_age")
        return [event for event in taken if event.accepted_at >= oldest]

    def _settle(self, batch: Sequence[QueuedEvent], verdict: Verdict) -> None:
        """Have the store forget what is done with, and keep what is to be sent again."""
        self._store.acknowledge([*verdict.delivered, *verdict.rejected])
        again = [*verdict.failed, *verdict.returned]
        suspected = again if _choked_alone(batch, verdict) else verdict.failed
        aside = {event.id for event in suspected if self._suspects.set_aside(event)}
        self._store.give_back([event for event in again if event.id not in aside])
        became: dict[EventResult, int] = {
            "delivered": len(verdict.delivered),
            "rejected": len(verdict.rejected),
            "retried": len(again),
        }
        for result, number in became.items():
            if number:
                self._count(result, number)
        if verdict.rejected:
            logger.error(
                "EventGate refuses %d of %d events: %s",
                len(verdict.rejected),
                len(batch),
                verdict.reason,
                extra={"events": [event.id for event in verdict.rejected]},
            )
        if again:
            logger.warning(
                "EventGate did not take %d of %d events, %d wait: %s",
                len(again),
                len(batch),
                self.waiting,
                verdict.reason,
            )

    def _adapt(self, batch: Sequence[QueuedEvent], verdict: Verdict) -> bool:
        """Choose the next calls' size; returns whether the next one may be made at once."""
        settled = bool(verdict.delivered or verdict.rejected)
        if verdict.returned and verdict.again is Again.SINGLY:
            self._singly = len(verdict.returned)
        elif verdict.returned and verdict.again is Again.IN_HALVES:
            self._batch_events = len(batch) // 2
        elif settled:
            self._batch_events = min(MAX_BATCH_EVENTS, self._batch_events * 2)
        else:
            self._batch_events = 1
            # An event that failed alone may itself be at fault: one other shows it.
            self._failed_alone = len(batch) == 1 and not self._failed_alone
            return self._failed_alone
        self._failed_alone = False
        self._overflowing = False
        self._pauses = 0
        return True

    async def _pause(self) -> None:
        """Wait before the next try; while closing there is no time for long waits."""
        delay = self._backoff.delay(min(self._pauses, MAX_DOUBLINGS), None)
        self._pauses += 1
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


def _choked_alone(batch: Sequence[QueuedEvent], verdict: Verdict) -> bool:
    """Whether EventGate failed over one event; over several it may be any of them, or none."""
    return len(batch) == 1 and verdict.again is Again.LATER


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
