"""The demo EventGate hands on what it took, as EventStreams does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from liftwing_demo.eventgate.received import REMEMBERED, Received
from liftwing_demo.eventgate.server import make_app

Client = TestClient[Request, Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app())) as opened:
        yield opened


def event(number: int, stream: str = "scores") -> dict[str, Any]:
    meta = {"stream": stream, "id": f"id-{number}"}
    return {"$schema": "/test/thing/1.0.0", "dt": "2024-01-01T00:00:00Z", "meta": meta}


async def post(client: Client, *events: dict[str, Any]) -> None:
    async with client.post("/v1/events", json=list(events)) as response:
        assert response.status == 201


async def next_event(answer: ClientResponse) -> tuple[list[dict[str, Any]], str]:
    """The id of the next event, and that of its `meta`."""
    place = None
    async with asyncio.timeout(20):
        async for line in answer.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                place = json.loads(value)
            if name == "data":
                assert place is not None
                return place, json.loads(value)["meta"]["id"]
    raise AssertionError("the stream ended")


async def test_a_follower_gets_the_streams_that_it_names_from_now_on(client: Client) -> None:
    await post(client, event(1))
    async with client.get("/v2/stream/scores,edits") as answer:
        assert answer.content_type == "text/event-stream"
        assert await answer.content.readline() == b":ok\n"
        await post(client, event(2), event(3, "others"), event(4, "edits"))
        assert await next_event(answer) == (
            [{"topic": "demo.scores", "partition": 0, "offset": 1}],
            "id-2",
        )
        assert (await next_event(answer))[1] == "id-4"


async def test_a_follower_that_comes_back_misses_nothing(client: Client) -> None:
    async with client.get("/v2/stream/scores") as answer:
        await answer.content.readline()
        await post(client, event(1))
        place, _ = await next_event(answer)
    await post(client, event(2), event(3))
    headers = {"Last-Event-ID": json.dumps(place)}
    async with client.get("/v2/stream/scores", headers=headers) as answer:
        assert [(await next_event(answer))[1] for _ in range(2)] == ["id-2", "id-3"]


@pytest.mark.parametrize("last_id", ["", "x", "[]", "{}", '[{"topic":"x"}]', "7"])
async def test_an_id_that_is_none_means_from_now_on(client: Client, last_id: str) -> None:
    await post(client, event(1))
    async with client.get("/v2/stream/scores", headers={"Last-Event-ID": last_id}) as answer:
        await answer.content.readline()
        await post(client, event(2))
        assert (await next_event(answer))[1] == "id-2"


async def test_followers_are_counted_as_long_as_they_follow(client: Client) -> None:
    async def followers() -> Any:
        async with client.get("/_control/followers") as response:
            return (await response.json())["followers"]

    assert await followers() == {}
    async with client.get("/v2/stream/scores,edits") as answer:
        await answer.content.readline()
        assert await followers() == {"scores": 1, "edits": 1}
    await post(client, event(1))
    async with asyncio.timeout(20):
        while await followers():
            await asyncio.sleep(0.01)


def test_places_count_forgotten_events_too() -> None:
    received = Received()
    received.add([event(number) for number in range(REMEMBERED + 5)])
    assert [at for at, _ in received.since(0)][:1] == [5]
    assert [at for at, _ in received.since(REMEMBERED + 3)] == [REMEMBERED + 3, REMEMBERED + 4]
    assert received.since(REMEMBERED + 5) == received.since(10**9) == []
