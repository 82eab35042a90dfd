"""Events are delivered in the background, each once, whatever EventGate does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from liftwing_serving.errors import Unavailable
from liftwing_serving.events import EventSender
from liftwing_serving.events.eventgate import EventGate, Verdict
from liftwing_serving.events.queue import MemoryQueue, QueuedEvent
from liftwing_serving.events.sender import RetryLimits
from support.eventgate import QUICK, Counts, FakeEventGate, event, queued, until


async def test_events_arrive(fake: FakeEventGate, sender: EventSender, counts: Counts) -> None:
    for number in range(250):
        await sender.emit(event(number))
    await until(lambda: counts.counts["delivered"] == 250)
    assert fake.accepted == Counter(f"id-{number}" for number in range(250))
    assert max(map(len, fake.calls)) == 100
    assert counts.counts == {"accepted": 250, "delivered": 250}


async def test_an_event_does_not_wait_for_company(fake: FakeEventGate, sender: EventSender) -> None:
    for number in range(3):
        await sender.emit(event(number))
        await until(lambda: sender.waiting == 0 and f"id-{number}" in fake.accepted)
    assert len(fake.calls) == 3


async def test_nothing_is_lost_or_doubled_while_eventgate_fails_now_and_then(
    fake: FakeEventGate, sender: EventSender, counts: Counts
) -> None:
    for number in range(12):
        bad = fake.status(503 if number % 2 else 500)
        fake.answers += [bad, fake.take] if number % 3 else [bad, bad, fake.take]
    for number in range(200):
        await sender.emit(event(number))
        if number % 10 == 0:
            await asyncio.sleep(0.005)
    await until(lambda: counts.counts["delivered"] == 200)
    assert fake.accepted == Counter(f"id-{number}" for number in range(200))
    assert counts.counts["retried"] > 0
    assert not any(name.startswith("dropped") for name in counts.counts)


async def test_a_dead_eventgate_never_reaches_those_who_hand_events_over(
    session: aiohttp.ClientSession, counts: Counts
) -> None:
    sender = EventSender(
        EventGate("http://127.0.0.1:1/", session, 0.2), MemoryQueue(max_events=50), counts, QUICK
    )
    await sender.start()
    started = time.monotonic()
    for number in range(200):
        await sender.emit(event(number))
    assert time.monotonic() - started < 1
    await asyncio.sleep(0.05)
    assert sender.waiting <= 50
    assert counts.counts["dropped_full"] == 150
    await sender.close(0)
    assert counts.counts["dropped_closed"] == 50


async def test_a_timeout_is_repeated_under_the_same_id(
    fake: FakeEventGate, session: aiohttp.ClientSession, counts: Counts
) -> None:
    fake.answers = [fake.late(30)]
    sender = EventSender(EventGate(fake.url, session, 0.05), MemoryQueue(), counts, QUICK)
    await sender.start()
    await sender.emit(event(1))
    await until(lambda: counts.counts["delivered"] == 1)
    assert fake.calls == [["id-1"], ["id-1"]]
    await sender.close(0)


async def test_invalid_events_go_and_failed_ones_come_again(
    fake: FakeEventGate, gate: EventGate, counts: Counts
) -> None:
    fake.answers = [fake.partly(invalid=["id-1"], error=["id-2"])]
    sender = EventSender(gate, MemoryQueue(), counts, QUICK)
    for number in range(4):
        await sender.emit(event(number))
    await sender.start()
    await until(lambda: counts.counts["delivered"] == 3)
    assert fake.accepted == Counter(["id-0", "id-2", "id-3"])
    assert counts.counts == {"accepted": 4, "delivered": 3, "rejected": 1, "retried": 1}
    await sender.close(0)


async def test_an_event_on_which_eventgate_chokes_takes_no_other_with_it(
    fake: FakeEventGate, sender: EventSender, counts: Counts
) -> None:
    async def choke(events: list[dict[str, Any]]) -> web.Response:
        poisoned = any(one["meta"]["id"] == "id-7" for one in events)
        return web.Response(status=500) if poisoned else await fake.take(events)

    fake.usual = choke
    for number in range(20):
        await sender.emit(event(number))
    await until(lambda: counts.counts["delivered"] == 19)
    await until(lambda: counts.counts["dropped_failures"] == 1)
    assert "id-7" not in fake.accepted


async def test_an_outage_ends_only_events_that_grow_too_old(
    fake: FakeEventGate, gate: EventGate, counts: Counts
) -> None:
    fake.usual = fake.status(503)
    queue = MemoryQueue()
    for number in range(150):
        queue.accept(queued(number, 0, accepted_at=time.time() - 100))
    sender = EventSender(gate, queue, counts, QUICK)
    await sender.emit(event(1000))
    await sender.start()
    await until(lambda: len(fake.calls) > 2 * QUICK.max_failures)
    assert counts.counts["dropped_age"] == 150
    assert sender.waiting <= 1
    fake.usual = fake.take
    await until(lambda: counts.counts["delivered"] == 1)
    await sender.close(0)


async def test_closing_delivers_what_waits(
    fake: FakeEventGate, gate: EventGate, counts: Counts
) -> None:
    fake.answers = [fake.status(503)] * 2
    patient = RetryLimits(base_delay=60)
    sender = EventSender(gate, MemoryQueue(), counts, patient)
    await sender.start()
    for number in range(5):
        await sender.emit(event(number))
    await until(lambda: len(fake.calls) == 1)
    await sender.close(3)
    assert counts.counts["delivered"] == 5
    await sender.emit(event(6))
    assert counts.counts["dropped_closed"] == 1


async def test_closing_ends_on_time_and_says_what_is_lost(
    fake: FakeEventGate,
    session: aiohttp.ClientSession,
    counts: Counts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake.usual = fake.late(30)
    sender = EventSender(EventGate(fake.url, session, 20), MemoryQueue(), counts, QUICK)
    await sender.start()
    for number in range(3):
        await sender.emit(event(number))
    await until(lambda: len(fake.calls) == 1)
    started = time.monotonic()
    await sender.close(0.1)
    assert time.monotonic() - started < 1
    assert counts.counts["dropped_closed"] == 3
    assert "3 events are dropped: closed" in caplog.text


async def test_closing_without_having_started_loses_nothing_silently(
    gate: EventGate, counts: Counts
) -> None:
    sender = EventSender(gate, MemoryQueue(), counts)
    await sender.emit(event(1))
    await sender.close(1)
    assert counts.counts["dropped_closed"] == 1


async def test_a_defect_does_not_end_the_delivery(
    counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    class Moody:
        tries = 0

        async def send(self, batch: Sequence[QueuedEvent]) -> Verdict:
            self.tries += 1
            if self.tries < 3:
                raise RuntimeError("a defect")
            return Verdict(delivered=batch)

    sender = EventSender(Moody(), MemoryQueue(), counts, QUICK)
    await sender.start()
    await sender.emit(event(1))
    await until(lambda: counts.counts["delivered"] == 1)
    assert caplog.text.count("the delivery of events failed") == 2
    await sender.close(0)


async def test_an_overflow_is_logged_once(
    gate: EventGate, caplog: pytest.LogCaptureFixture, counts: Counts
) -> None:
    caplog.set_level(logging.ERROR)
    sender = EventSender(gate, MemoryQueue(max_events=1), counts, QUICK)
    for number in range(5):
        await sender.emit(event(number))
    assert caplog.text.count("too many events wait") == 1
    assert counts.counts["dropped_full"] == 4
    await sender.close(0)


async def test_a_store_that_gives_up_no_event_may_refuse_one(
    gate: EventGate, counts: Counts
) -> None:
    class Full(MemoryQueue):
        def accept(self, event: QueuedEvent) -> int:
            raise Unavailable("full")

    sender = EventSender(gate, Full(), counts)
    with pytest.raises(Unavailable):
        await sender.emit(event(1))
    assert counts.counts == {}
    await sender.close(0)
