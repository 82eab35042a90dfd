"""An EventGate that answers as a test tells it, events for it, and what a sender counts."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from aiohttp import web
from liftwing_serving.events.queue import QueuedEvent
from liftwing_serving.events.sender import RetryLimits

Answer = Callable[[list[dict[str, Any]]], Awaitable[web.Response]]
QUICK = RetryLimits(max_age_seconds=60, base_delay=0.002)


def event(number: int, size: int = 0) -> dict[str, Any]:
    return {"meta": {"id": f"id-{number}", "stream": "test"}, "padding": "x" * size}


def queued(number: int, size: int = 0, accepted_at: float | None = None) -> QueuedEvent:
    body = orjson.dumps(event(number, size))
    return QueuedEvent(f"id-{number}", body, time.time() if accepted_at is None else accepted_at)


class FakeEventGate:
    """Answers as it is told, and remembers the events and headers of each call."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.headers: list[Any] = []
        self.accepted: Counter[str] = Counter()
        self.answers: list[Answer] = []
        self.usual: Answer = self.take
        self.url = ""
        self.closing = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        events = orjson.loads(await request.read())
        self.calls.append([one["meta"]["id"] for one in events])
        self.headers.append(request.headers)
        return await (self.answers.pop(0) if self.answers else self.usual)(events)

    async def take(self, events: list[dict[str, Any]]) -> web.Response:
        self.accepted.update(one["meta"]["id"] for one in events)
        return web.Response(status=201)

    def status(self, status: int) -> Answer:
        async def answer(events: list[dict[str, Any]]) -> web.Response:
            return web.Response(status=status, text="<html>no</html>")

        return answer

    def partly(self, **named: Sequence[str]) -> Answer:
        async def answer(events: list[dict[str, Any]]) -> web.Response:
            failed = {name: [e for e in events if e["meta"]["id"] in named[name]] for name in named}
            others = [e for e in events if not any(e in some for some in failed.values())]
            await self.take(others)
            document = {
                name: [{"status": name, "event": e, "context": {"message": "no"}} for e in some]
                for name, some in failed.items()
            }
            return web.json_response(document, status=207 if others else 500)

        return answer

    def late(self, seconds: float) -> Answer:
        async def answer(events: list[dict[str, Any]]) -> web.Response:
            response = await self.take(events)
            try:
                await asyncio.wait_for(self.closing.wait(), seconds)
            except TimeoutError:
                pass
            return response

        return answer


class Counts:
    """What a sender counts, added up."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __call__(self, result: str, number: int) -> None:
        self.counts[result] += number


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)
