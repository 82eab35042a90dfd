"""Connections that say nothing, and too many of them."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from liftwing_serving.ores import connections
from support.model_servers import Fronted

REQUEST = b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(front: Fronted) -> Connection:
    return await asyncio.open_connection("127.0.0.1", urlsplit(front.url).port)


@pytest.mark.alone
async def test_who_sends_no_request_is_hung_up_on(
    front: Fronted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    (silent, nobody), (slow, dripping), (reader, writer) = [await connect(front) for _ in range(3)]
    dripping.write(REQUEST[:20])
    writer.write(REQUEST)
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
    for one in (silent, slow):
        assert await asyncio.wait_for(one.read(), 5) == b""
    # One that was used is kept.
    writer.write(REQUEST)
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
    for open_ in (nobody, dripping, writer):
        open_.close()


async def test_beyond_so_many_connections_one_is_answered_with_503(
    front: Fronted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 2)
    kept = [await connect(front) for _ in range(2)]
    for reader, writer in kept:
        writer.write(REQUEST)
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
    reader, refused = await connect(front)
    text = await asyncio.wait_for(reader.read(), 5)
    assert text.startswith(b"HTTP/1.1 503") and b"retry-after: 1" in text
    kept[0][1].close()
    await asyncio.sleep(0.1)
    reader, writer = await connect(front)
    writer.write(REQUEST)
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
    for open_ in (refused, writer, kept[1][1]):
        open_.close()


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX-A: \x01\r\n\r\n",
        b"GET /?callback=\xe9 HTTP/1.1\r\nHost: a\r\nX A: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
async def test_what_is_not_http_is_refused_and_no_defect(
    front: Fronted, caplog: pytest.LogCaptureFixture, request_text: bytes
) -> None:
    reader, writer = await connect(front)
    writer.write(request_text)
    head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
    assert head.split()[1] == b"400" and b"Server: liftwing-serving" in head
    assert body == b'{"error":"The request is not valid HTTP."}'
    assert {record.levelname for record in caplog.records} <= {"DEBUG", "INFO"}
    writer.close()
