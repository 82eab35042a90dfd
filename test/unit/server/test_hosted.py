"""How a request is counted whose answer nobody waited for."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.server import Servable
from liftwing_serving.server.hosted import Hosted
from liftwing_serving.server.middleware import Entrance
from liftwing_serving.settings import ServerSettings
from prometheus_client import REGISTRY
from starlette.types import Message, Receive, Scope, Send

NAME = "endless"


class Endless(Servable[int]):
    """Never answers."""

    def read(self, fields: dict[str, Any]) -> int:
        return 0

    async def answer(self, request: int, deadline: Deadline) -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {}


@pytest.fixture
def hosted() -> Hosted:
    hosted = Hosted(NAME, ServerSettings())
    hosted.servable = Endless(NAME)
    return hosted


def counted() -> dict[str, float]:
    labels = ({"model": NAME, "status": status} for status in ("499", "500", "503"))
    samples = (
        (of["status"], REGISTRY.get_sample_value("liftwing_requests_total", of)) for of in labels
    )
    return {status: value for status, value in samples if value}


async def cancel_soon(work: Any) -> None:
    task = asyncio.create_task(work)
    await asyncio.sleep(0.05)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_what_the_stop_gives_up_counts_as_503_and_a_grpc_client_that_leaves_as_499(
    hosted: Hosted,
) -> None:
    sent: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await hosted.answer(b"{}")

    async def receive() -> Message:
        await asyncio.sleep(3600)
        return {}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/", "headers": []}
    await cancel_soon(Entrance(application, 1000, 30.0)(scope, receive, send))
    assert sent[0]["status"] == 503
    assert counted() == {"503": 1}
    await cancel_soon(hosted.answer(b"{}"))
    assert counted() == {"503": 1, "499": 1}
