"""A page whose stream of events and whose wiki the tests control."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.front_page import FakeStream, FakeWiki, Opened, opened
from support.model_servers import listening


@pytest.fixture
async def stream() -> AsyncIterator[FakeStream]:
    fake = FakeStream()
    async with listening(fake) as fake.url:
        yield fake
        fake.break_off()


@pytest.fixture
async def wiki() -> AsyncIterator[FakeWiki]:
    fake = FakeWiki()
    async with listening(fake) as fake.url:
        yield fake


@pytest.fixture
async def page(stream: FakeStream, wiki: FakeWiki) -> AsyncIterator[Opened]:
    async with opened(stream, wiki) as page:
        yield page
