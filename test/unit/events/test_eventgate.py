"""One call to an EventGate that answers well, badly, late or not at all."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from liftwing_serving.events import eventgate
from liftwing_serving.events.eventgate import Again, EventGate, Verdict, judge
from liftwing_serving.outbound import USER_AGENT
from support.eventgate import FakeEventGate, queued


async def test_a_batch_is_one_post_of_a_json_array(fake: FakeEventGate, gate: EventGate) -> None:
    batch = [queued(1), queued(2)]
    assert await gate.send(batch) == Verdict(delivered=batch)
    assert fake.calls == [["id-1", "id-2"]]
    assert fake.headers[0]["Content-Type"] == "application/json"
    assert fake.headers[0]["User-Agent"] == USER_AGENT


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_accepted_is_accepted(fake: FakeEventGate, gate: EventGate, status: int) -> None:
    fake.usual = fake.status(status)
    assert len((await gate.send([queued(1)])).delivered) == 1


@pytest.mark.parametrize(
    "status",
    [203, 206, 207, 302, 401, 403, 404, 405, 408, 409, 410, 415, 422, 425, 429]
    + [500, 501, 502, 503, 504, 507],
)
@pytest.mark.parametrize("size", [1, 2])
async def test_what_no_event_is_blamed_for_is_sent_again_later(
    fake: FakeEventGate, gate: EventGate, status: int, size: int
) -> None:
    fake.usual = fake.status(status)
    verdict = await gate.send([queued(number) for number in range(size)])
    assert (len(verdict.returned), verdict.again) == (size, Again.LATER)
    assert verdict.reason == f"HTTP status {status}"
    assert not (verdict.delivered or verdict.rejected or verdict.failed)


def test_a_400_that_names_no_event_is_asked_again_singly_and_then_final() -> None:
    batch = [queued(1), queued(2)]
    verdict = judge(batch, 400, b"<html>")
    assert (verdict.returned, verdict.again) == (batch, Again.SINGLY)
    assert judge(batch[:1], 400, b"<html>").rejected == batch[:1]


def test_of_a_400_only_the_named_events_are_final() -> None:
    batch = [queued(1), queued(2), queued(3)]
    verdict = judge(batch, 400, b'{"invalid": [{"event": {"meta": {"id": "id-2"}}}]}')
    assert [event.id for event in verdict.rejected] == ["id-2"]
    assert [event.id for event in verdict.returned] == ["id-1", "id-3"]
    assert verdict.again is Again.SINGLY


def test_a_413_is_sent_again_in_halves_and_final_for_one_event() -> None:
    batch = [queued(1), queued(2)]
    verdict = judge(batch, 413, b"")
    assert (verdict.returned, verdict.again) == (batch, Again.IN_HALVES)
    assert judge(batch[:1], 413, b"").rejected == batch[:1]


async def test_a_redirect_is_not_followed(fake: FakeEventGate, gate: EventGate) -> None:
    async def redirect(events: list[dict[str, Any]]) -> web.Response:
        return web.Response(status=307, headers={"Location": fake.url})

    fake.usual = redirect
    assert (await gate.send([queued(1)])).returned
    assert len(fake.calls) == 1


async def test_an_answer_sorts_the_events_of_a_batch(fake: FakeEventGate, gate: EventGate) -> None:
    fake.usual = fake.partly(invalid=["id-2"], error=["id-3"])
    verdict = await gate.send([queued(number) for number in (1, 2, 3, 4)])
    assert [e.id for e in verdict.delivered] == ["id-1", "id-4"]
    assert [e.id for e in verdict.rejected] == ["id-2"]
    assert [e.id for e in verdict.failed] == ["id-3"]


async def test_a_500_may_name_events_that_no_repetition_makes_valid(
    fake: FakeEventGate, gate: EventGate
) -> None:
    fake.usual = fake.partly(invalid=["id-1"], error=["id-2"])
    verdict = await gate.send([queued(1), queued(2)])
    assert [e.id for e in verdict.rejected] == ["id-1"]
    assert [e.id for e in verdict.returned] == ["id-2"]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"<html>",
        b"[]",
        b'{"invalid": 7}',
        b'{"error": [{}]}',
        b'{"invalid": [{"event": {"meta": {"id": "another"}}}]}',
        b'{"invalid": [{"event": {"meta": {"id": []}}}]}',
    ],
)
def test_an_unreadable_207_means_to_try_all_again(answer: bytes | None) -> None:
    batch = [queued(1), queued(2)]
    verdict = judge(batch, 207, answer)
    assert (verdict.returned, verdict.again) == (batch, Again.LATER)


async def test_an_endless_answer_is_not_read(
    fake: FakeEventGate, gate: EventGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventgate, "MAX_ANSWER_BYTES", 1000)

    async def long(events: list[dict[str, Any]]) -> web.Response:
        answer = orjson.dumps({"invalid": [{"event": events[0]}]})
        return web.Response(status=207, body=answer.ljust(1001))

    fake.usual = long
    # Read to its end it would be a reason to give the event up.
    assert len((await gate.send([queued(1)])).returned) == 1


async def test_the_timeout_holds(fake: FakeEventGate, session: aiohttp.ClientSession) -> None:
    fake.usual = fake.late(30)
    started = time.monotonic()
    verdict = await EventGate(fake.url, session, 0.1).send([queued(1)])
    assert time.monotonic() - started < 15
    assert verdict.reason == "no answer within 0.1 seconds"
    assert len(verdict.returned) == 1


async def test_nobody_there_is_a_failure_and_no_exception(session: aiohttp.ClientSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", "http://name.invalid/", "nonsense"):
        assert len((await EventGate(url, session, 0.5).send([queued(1)])).returned) == 1


async def test_a_broken_connection_is_a_failure(session: aiohttp.ClientSession) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert len((await EventGate(url, session, 0.5).send([queued(1)])).returned) == 1


async def test_the_reason_of_a_failure_does_not_repeat_what_eventgate_sent(
    session: aiohttp.ClientSession,
) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"]")
        writer.write(b"HTTP/1.1 SECRET-NAME\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        verdict = await EventGate(url, session, 5).send([queued(1)])
    assert len(verdict.returned) == 1
    assert verdict.reason and "SECRET-NAME" not in verdict.reason
