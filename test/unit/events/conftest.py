"""An EventGate over HTTP, and what talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from liftwing_serving.events import EventSender
from liftwing_serving.events.eventgate import EventGate
from liftwing_serving.events.queue import MemoryQueue
from liftwing_serving.outbound import open_session
from support.eventgate import QUICK, Counts, FakeEventGate


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[FakeEventGate]:
    fake = FakeEventGate()
    app = web.Application()
    app.router.add_post("/v1/events", fake.handle)
    async with TestServer(app) as server:
        fake.url = str(server.make_url("/v1/events"))
        yield fake
        fake.closing.set()


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


@pytest.fixture
def gate(fake: FakeEventGate, session: aiohttp.ClientSession) -> EventGate:
    return EventGate(fake.url, session, 0.5)


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest_asyncio.fixture
async def sender(gate: EventGate, counts: Counts) -> AsyncIterator[EventSender]:
    sender = EventSender(gate, MemoryQueue(), counts, QUICK)
    await sender.start()
    yield sender
    await sender.close(0)
