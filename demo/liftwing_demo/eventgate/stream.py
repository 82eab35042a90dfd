"""The accepted events as server-sent events, in the form of Wikimedia's EventStreams.

https://wikitech.wikimedia.org/wiki/Event_Platform/EventStreams_HTTP_Service
"""

import asyncio
import json
from collections import Counter
from typing import Any

from aiohttp import web

from liftwing_demo.eventgate.received import Received

KEEP_ALIVE_SECONDS = 15.0
SLOW_SECONDS = 10.0


class Streams:
    """Hands accepted events to whoever follows their streams."""

    def __init__(self, received: Received) -> None:
        self.followers: Counter[str] = Counter()
        self._received = received
        self._news = asyncio.Event()
        self._closing = False

    def tell(self) -> None:
        """Have followers look for what is new."""
        self._news.set()
        self._news = asyncio.Event()

    async def close(self, app: web.Application) -> None:
        """Let go of all followers."""
        self._closing = True
        self.tell()

    async def follow(self, request: web.Request) -> web.StreamResponse:
        """Events of the streams that the path names, with commas between, from now on or from
        Last-Event-ID on."""
        names = request.match_info["names"].split(",")
        offset = _offset(request.headers.get("Last-Event-ID", ""))
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
            }
        )
        self.followers.update(names)
        try:
            await response.prepare(request)
            await response.write(b":ok\n\n")
            await self._send(response, names, self._received.total if offset is None else offset)
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self.followers.subtract(names)
        return response

    async def _send(self, response: web.StreamResponse, names: list[str], offset: int) -> None:
        while not self._closing:
            news = self._news
            newer = self._received.since(offset)
            offset = self._received.total
            chosen = [(at, event) for at, event in newer if event["meta"]["stream"] in names]
            async with asyncio.timeout(SLOW_SECONDS):
                await response.write(
                    b"".join(_written(at, event) for at, event in chosen) or b":\n\n"
                )
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    await news.wait()
            except TimeoutError:
                pass

    def document(self) -> dict[str, Any]:
        """How many follow each stream, as a JSON document."""
        return {"followers": {name: count for name, count in self.followers.items() if count}}


def _written(offset: int, event: dict[str, Any]) -> bytes:
    topic = f"demo.{event['meta']['stream']}"
    place = json.dumps([{"topic": topic, "partition": 0, "offset": offset}], separators=(",", ":"))
    data = json.dumps(event, separators=(",", ":"))
    return f"event: message\nid: {place}\ndata: {data}\n\n".encode()


def _offset(last_event_id: str) -> int | None:
    """Where to go on, which is after the event of this id; None if it is none."""
    try:
        return max(int(place["offset"]) for place in json.loads(last_event_id)) + 1
    except (ValueError, TypeError, KeyError):
        return None
