"""Changes reach every browser as they come, over one connection, and nothing grows meanwhile."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from liftwing_serving.ores.page import feed, follower
from support.events import revision_create
from support.front_page import FakeStream, FakeWiki, Opened, opened, until

TEXT_EVENT_STREAM = "text/event-stream; charset=utf-8"


def score(rev_id: int, likely: float = 0.9, title: str = "A_page") -> dict[str, Any]:
    probability = {"true": likely, "false": 1 - likely}
    scores = {"damaging": {"model_name": "damaging", "probability": probability}}
    return {"database": "enwiki", "rev_id": rev_id, "page_title": title, "scores": scores}


async def followed(stream: FakeStream) -> None:
    await until(lambda: len(stream.followers) == 1)


async def test_a_row_comes_when_its_score_does_with_the_comment_from_before(
    page: Opened, stream: FakeStream
) -> None:
    async with page.stream() as rows:
        await followed(stream)
        stream.send(revision_create(7, comment="<b>typo</b>"))
        stream.send(score(7))
        event = await rows.next()
        assert event["key"] == "enwiki-7"
        assert 'class="very-likely"' in event["row"] and "&lt;b&gt;typo" in event["row"]


async def test_all_browsers_share_one_connection(page: Opened, stream: FakeStream) -> None:
    async with page.stream() as first, page.stream() as second, page.stream() as third:
        await followed(stream)
        await page.get("/")
        stream.send(score(7))
        assert len({(await rows.next())["row"] for rows in (first, second, third)}) == 1
        assert len(stream.last_ids) == 1


async def test_nothing_is_followed_before_somebody_looks(page: Opened, stream: FakeStream) -> None:
    await page.get("/static/page.css")
    await asyncio.sleep(0.1)
    assert stream.last_ids == []
    await page.get("/")
    await followed(stream)


async def test_nobody_looking_for_a_while_ends_the_following(
    page: Opened, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "IDLE_SECONDS", 0.3)
    async with page.stream() as rows:
        await followed(stream)
        await asyncio.sleep(0.6)
        assert len(stream.followers) == 1
        stream.send(score(7))
        await rows.next()
    await until(lambda: not stream.followers)
    _, text, _ = await page.get("/")
    assert 'id="change-enwiki-7"' in text
    await followed(stream)


async def test_a_broken_stream_is_taken_up_where_it_ended(
    page: Opened, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "FIRST_PAUSE", 0.01)
    async with page.stream() as rows:
        for number in (1, 2):
            await followed(stream)
            stream.send(score(number))
            await rows.next()
            stream.break_off()
            await until(lambda: not stream.followers)
        await followed(stream)
    assert stream.last_ids == [None, "1", "2"]


async def test_a_stream_that_refuses_is_asked_more_and_more_rarely(
    page: Opened, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    waits = asyncio.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await waits(0.001)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    stream.status = 503
    await page.get("/")
    async with asyncio.timeout(20):
        while len(pauses) < 9:
            await waits(0.01)
    assert pauses[:5] == [1, 2, 4, 8, 16] and pauses[7] == follower.LONGEST_PAUSE


@pytest.mark.parametrize("junk", [b"data: no json\n\n", b"data: [1]\n\n", b"data: {}\n\n", b"\n"])
async def test_junk_in_the_stream_is_passed_over(
    page: Opened, stream: FakeStream, junk: bytes
) -> None:
    async with page.stream() as rows:
        await followed(stream)
        stream.send_bytes(junk)
        stream.send(score(7))
        assert (await rows.next())["key"] == "enwiki-7"


async def test_a_browser_goes_on_where_it_was(page: Opened, stream: FakeStream) -> None:
    async with page.stream() as rows:
        await followed(stream)
        for number in (1, 2, 3):
            stream.send(score(number))
        await rows.next()
        last_id = rows.last_id
    await page.get("/")
    async with page.stream(**{"Last-Event-ID": last_id}) as rows:
        assert [(await rows.next())["key"] for _ in range(2)] == ["enwiki-2", "enwiki-3"]
    async with page.stream(f"/changes?after={last_id}") as rows:
        assert (await rows.next())["key"] == "enwiki-2"
    async with page.stream(**{"Last-Event-ID": "of another process"}) as rows:
        assert (await rows.next())["key"] == "enwiki-1"


async def test_a_browser_that_takes_nothing_is_dropped(
    page: Opened, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "SLOW_SECONDS", 0.3)
    where = urlsplit(page.url)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(slow, (where.hostname, where.port))
        await loop.sock_sendall(slow, b"GET /changes?models=damaging HTTP/1.1\r\nHost: x\r\n\r\n")
        await followed(stream)
        assert (the_feed := page.page._feed) is not None and the_feed._browsers == 1
        number = 0
        async with asyncio.timeout(60):
            while the_feed._browsers:
                number += 1
                stream.send(score(number, title="x" * 300))
                await asyncio.sleep(0)
    # Others get theirs all the same.
    async with page.stream() as rows:
        stream.send(score(10**9))
        while (await rows.next())["key"] != f"enwiki-{10**9}":
            pass


async def test_more_browsers_than_there_is_room_for_are_told_to_come_back(
    page: Opened, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_BROWSERS", 1)
    async with page.stream():
        status, _, headers = await page.get("/changes")
        assert status == 503 and headers["Retry-After"]


async def test_a_silent_stream_is_kept_alive(page: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "KEEP_ALIVE_SECONDS", 0.01)
    async with page.http.get(f"{page.url}/changes") as answer:
        assert answer.headers["Content-Type"] == TEXT_EVENT_STREAM
        async with asyncio.timeout(20):
            assert await answer.content.readuntil(b"\n\n") == b":\n\n"
            # The page listens for it, for silence tells it that a server hangs.
            for _ in range(2):
                alive = await answer.content.readuntil(b"\n\n")
                assert alive == b'event: alive\ndata: "alive"\n\n'


async def test_a_stop_lets_go_of_browsers_and_of_the_stream(
    stream: FakeStream, wiki: FakeWiki
) -> None:
    async with opened(stream, wiki) as page, page.stream() as rows:
        await followed(stream)
        await page.page.close()
        assert await rows._answer.content.read() == b":\n\n"
        await until(lambda: not stream.followers)
        assert (await page.get("/changes"))[0] == 503


async def test_columns_are_those_that_the_page_has(page: Opened, stream: FakeStream) -> None:
    async with page.stream("/changes?models=damaging,<b>,goodfaith," + "x," * 90) as rows:
        await followed(stream)
        stream.send(score(7))
        row = (await rows.next())["row"]
    assert 'data-label="goodfaith"' in row and "<b>" not in row and row.count("<td") == 5 + 8
