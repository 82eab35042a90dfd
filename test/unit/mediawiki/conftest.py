"""A wiki that answers as a test's `api` says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from liftwing_serving.outbound import open_session


class Api(Protocol):
    """What stands for a wiki's action API, as a fixture named `api`."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a call."""


@pytest.fixture
async def server(api: Api) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_get("/w/api.php", api.handle)
    server = TestServer(app)
    async with server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session
