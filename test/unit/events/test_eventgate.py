"""One call to an EventGate that answers well, badly, late or not at all."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from liftwing_serving.events import eventgate
from liftwing_serving.events.eventgate import EventGate, Verdict, judge
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


@pytest.mark.parametrize("status", [302, 400, 404, 413])
async def test_what_is_refused_is_never_sent_again(
    fake: FakeEventGate, gate: EventGate, status: int
) -> None:
    fake.usual = fake.status(status)
    verdict = await gate.send([queued(1), queued(2)])
    assert (len(verdict.rejected), len(verdict.failed)) == (2, 0)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_failed_may_be_sent_again(
    fake: FakeEventGate, gate: EventGate, status: int
) -> None:
    fake.usual = fake.status(status)
    verdict = await gate.send([queued(1), queued(2)])
    assert (len(verdict.failed), verdict.reason) == (2, f"HTTP status {status}")
    assert not verdict.blamed


async def test_a_redirect_is_not_followed(fake: FakeEventGate, gate: EventGate) -> None:
    async def redirect(events: list[dict[str, Any]]) -> web.Response:
        return web.Response(status=307, headers={"Location": fake.url})

    fake.usual = redirect
    assert (await gate.send([queued(1)])).rejected
    assert len(fake.calls) == 1


async def test_an_answer_sorts_the_events_of_a_batch(fake: FakeEventGate, gate: EventGate) -> None:
    fake.usual = fake.partly(invalid=["id-2"], error=["id-3"])
    verdict = await gate.send([queued(number) for number in (1, 2, 3, 4)])
    assert [e.id for e in verdict.delivered] == ["id-1", "id-4"]
    assert [e.id for e in verdict.rejected] == ["id-2"]
    assert [e.id for e in verdict.failed] == ["id-3"]
    assert verdict.blamed


async def test_a_500_may_name_events_that_no_repetition_makes_valid(
    fake: FakeEventGate, gate: EventGate
) -> None:
    fake.usual = fake.partly(invalid=["id-1"], error=["id-2"])
    verdict = await gate.send([queued(1), queued(2)])
    assert [e.id for e in verdict.rejected] == ["id-1"]
    assert [e.id for e in verdict.failed] == ["id-2"]


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
    assert (verdict.failed, verdict.blamed) == (batch, False)


async def test_an_endless_answer_is_not_read(fake: FakeEventGate, gate: EventGate) -> None:
    async def endless(events: list[dict[str, Any]]) -> web.Response:
        return web.Response(status=207, body=b" " * (eventgate.MAX_ANSWER_BYTES + 1))

    fake.usual = endless
    assert len((await gate.send([queued(1)])).failed) == 1


async def test_the_timeout_holds(fake: FakeEventGate, session: aiohttp.ClientSession) -> None:
    fake.usual = fake.late(30)
    started = time.monotonic()
    verdict = await EventGate(fake.url, session, 0.1).send([queued(1)])
    assert time.monotonic() - started < 1
    assert verdict.reason == "no answer within 0.1 seconds"
    assert len(verdict.failed) == 1


async def test_nobody_there_is_a_failure_and_no_exception(session: aiohttp.ClientSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", "http://name.invalid/", "nonsense"):
        assert len((await EventGate(url, session, 0.5).send([queued(1)])).failed) == 1


async def test_a_broken_connection_is_a_failure(session: aiohttp.ClientSession) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert len((await EventGate(url, session, 0.5).send([queued(1)])).failed) == 1
