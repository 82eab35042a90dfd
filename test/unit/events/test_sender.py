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
from liftwing_serving import logs
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
    assert time.monotonic() - started < 10
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


def choke_on(fake: FakeEventGate, status: int, *ids: str) -> None:
    async def choke(events: list[dict[str, Any]]) -> web.Response:
        poisoned = any(one["meta"]["id"] in ids for one in events)
        return web.Response(status=status) if poisoned else await fake.take(events)

    fake.usual = choke


@pytest.mark.parametrize("poison", [0, 60, 99])
@pytest.mark.parametrize("status", [500, 503, 404])
async def test_an_event_on_which_eventgate_chokes_does_not_stall_the_others(
    fake: FakeEventGate, gate: EventGate, counts: Counts, poison: int, status: int
) -> None:
    choke_on(fake, status, f"id-{poison}")
    sender = EventSender(gate, MemoryQueue(), counts, QUICK)
    for number in range(100):
        await sender.emit(event(number))
    await sender.start()
    await until(lambda: counts.counts["delivered"] == 99)
    taken = [set(call) <= set(fake.accepted) for call in fake.calls]
    assert taken.index(True) <= 2, "calls that failed before the first delivery"
    assert len(fake.calls) < 60
    await until(lambda: sender.waiting == 1)

    # It is not given up, and travels alone until EventGate takes it.
    before = len(fake.calls)
    await until(lambda: len(fake.calls) > before + 5)
    assert all(call == [f"id-{poison}"] for call in fake.calls[before + 1 :])
    choke_on(fake, status)
    await until(lambda: counts.counts["delivered"] == 100)
    assert set(fake.accepted.values()) == {1}
    await sender.close(0)


async def test_new_events_pass_those_on_which_eventgate_chokes(
    fake: FakeEventGate, sender: EventSender, counts: Counts
) -> None:
    choke_on(fake, 500, "id-0", "id-1")
    for number in range(300):
        await sender.emit(event(number))
        await asyncio.sleep(0.001)
    await until(lambda: counts.counts["delivered"] == 298 and sender.waiting == 2)


async def test_however_many_events_fail_every_second_call_is_for_the_others(
    fake: FakeEventGate, gate: EventGate, counts: Counts
) -> None:
    bad = [f"id-{number}" for number in range(50)]
    choke_on(fake, 500, *bad)
    sender = EventSender(gate, MemoryQueue(), counts, RetryLimits(base_delay=0))
    for number in range(50):
        await sender.emit(event(number))
    await sender.start()
    await until(lambda: set(bad) <= {call[0] for call in fake.calls if len(call) == 1})
    before = len(fake.calls)
    await sender.emit(event(1000))
    await until(lambda: counts.counts["delivered"] == 1)
    calls_before_it = next(n for n, call in enumerate(fake.calls) if "id-1000" in call)
    assert calls_before_it <= before + 3
    await sender.close(0)


@pytest.mark.parametrize("named", [True, False])
async def test_an_outage_drops_nothing_however_often_it_fails(
    fake: FakeEventGate, gate: EventGate, counts: Counts, named: bool
) -> None:
    ids = [f"id-{number}" for number in range(150)]
    fake.usual = fake.partly(error=ids) if named else fake.status(500)
    sender = EventSender(gate, MemoryQueue(), counts, QUICK)
    for number in range(150):
        await sender.emit(event(number))
    await sender.start()
    await until(lambda: len(fake.calls) > 30)
    assert set(counts.counts) == {"accepted", "retried"}
    fake.usual = fake.take
    await until(lambda: counts.counts["delivered"] == 150)
    assert fake.accepted == Counter(ids)
    await sender.close(0)


async def test_in_an_outage_eventgate_is_asked_ever_more_seldom(
    fake: FakeEventGate, gate: EventGate, counts: Counts
) -> None:
    fake.usual = fake.status(500)
    sender = EventSender(gate, MemoryQueue(), counts, RetryLimits(base_delay=0.05))
    for number in range(200):
        await sender.emit(event(number))
    await sender.start()
    await until(lambda: len(fake.calls) >= 3)
    await asyncio.sleep(1)
    # After the first call pairs, each with twice the pause: 0.05, 0.1, 0.2, 0.4 give or take half.
    assert len(fake.calls) <= 14
    await sender.close(0)


async def test_a_400_that_names_nobody_costs_only_the_one_that_is_refused_alone(
    fake: FakeEventGate, gate: EventGate, counts: Counts
) -> None:
    choke_on(fake, 400, "id-7")
    sender = EventSender(gate, MemoryQueue(), counts, QUICK)
    for number in range(30):
        await sender.emit(event(number))
    await sender.start()
    await until(lambda: counts.counts["delivered"] == 29 and counts.counts["rejected"] == 1)
    assert "id-7" not in fake.accepted
    assert [len(call) for call in fake.calls] == [30] + 30 * [1]
    await sender.close(0)


async def test_what_is_too_large_together_is_sent_in_smaller_parts(
    fake: FakeEventGate, gate: EventGate, counts: Counts
) -> None:
    async def small(events: list[dict[str, Any]]) -> web.Response:
        return web.Response(status=413) if len(events) > 10 else await fake.take(events)

    fake.usual = small
    sender = EventSender(gate, MemoryQueue(), counts, QUICK)
    for number in range(100):
        await sender.emit(event(number))
    await sender.start()
    await until(lambda: counts.counts["delivered"] == 100)
    assert counts.counts["rejected"] == 0
    assert [len(call) for call in fake.calls[:5]] == [100, 50, 25, 12, 6]
    await sender.close(0)


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
    await until(lambda: len(fake.calls) > 6)
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
    assert time.monotonic() - started < 15
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


@pytest.mark.parametrize("status", [207, 400, 404, 500])
async def test_what_eventgate_answers_is_never_logged_nor_are_events(
    fake: FakeEventGate,
    gate: EventGate,
    counts: Counts,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    async def repeat(events: list[dict[str, Any]]) -> web.Response:
        named = [{"status": "invalid", "event": one} for one in events[:1]]
        return web.json_response({"invalid": named, "info": "SECRET-NAME"}, status=status)

    caplog.set_level(logging.DEBUG)
    fake.answers = [repeat, repeat]
    sender = EventSender(gate, MemoryQueue(), counts, QUICK)
    for number in range(3):
        await sender.emit(event(number) | {"performer": {"user_text": "SECRET-NAME"}})
    await sender.start()
    await until(lambda: counts.counts["delivered"] + counts.counts["rejected"] == 3)
    await sender.close(1)
    lines = [logs.JsonFormatter().format(record) for record in caplog.records]
    assert not any("SECRET-NAME" in line for line in lines)
    told = [line for line in lines if f"HTTP status {status}" in line]
    assert told and (status == 404 or "id-0" in "".join(told))


async def test_a_close_that_is_cut_short_still_counts_what_is_lost(
    fake: FakeEventGate, sender: EventSender, counts: Counts
) -> None:
    fake.usual = fake.status(503)
    for number in range(3):
        await sender.emit(event(number))
    closing = asyncio.create_task(sender.close(60))
    await until(lambda: len(fake.calls) > 0)
    closing.cancel()
    await asyncio.wait({closing})
    assert counts.counts["dropped_closed"] == 3
