"""Model servers and a front before them, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from support.model_servers import FakeServer, Fronted, fronted, listening


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def edits(opened: AsyncExitStack) -> FakeServer:
    server = FakeServer("damaging", "goodfaith")
    server.url = await opened.enter_async_context(listening(server))
    return server


@pytest.fixture
async def articles(opened: AsyncExitStack) -> FakeServer:
    server = FakeServer("articlequality")
    server.url = await opened.enter_async_context(listening(server))
    return server


@pytest.fixture
async def front(opened: AsyncExitStack, edits: FakeServer, articles: FakeServer) -> Fronted:
    entries = f"enwiki-articlequality {articles.url}, enwiki-* {edits.url}"
    return await opened.enter_async_context(fronted(entries))
