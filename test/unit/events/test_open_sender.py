"""The server's events: the last ones too are delivered, or it is said that they are not."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from liftwing_serving.events import open_sender, sender
from liftwing_serving.outbound import open_session
from liftwing_serving.settings import EventSettings
from prometheus_client import REGISTRY
from support.eventgate import FakeEventGate, event


def count(result: str) -> float:
    return REGISTRY.get_sample_value("liftwing_events_total", {"result": result}) or 0.0


async def emit_three(fake: FakeEventGate) -> None:
    app = web.Application()
    app.router.add_post("/v1/events", fake.handle)
    async with TestServer(app) as server, open_session() as session:
        settings = EventSettings(
            eventgate_url=str(server.make_url("/v1/events")),  # type: ignore[arg-type]
            eventgate_stream="test.scores",
        )
        async with open_sender(settings, session) as events:
            assert events is not None
            for number in (1, 2, 3):
                await events.emit(event(number))


async def test_what_waits_at_the_end_is_still_delivered() -> None:
    fake = FakeEventGate()
    fake.answers = [fake.status(503)] * 2
    delivered, dropped = count("delivered"), count("dropped_closed")
    await emit_three(fake)
    assert sorted(fake.accepted.values()) == [1, 1, 1]
    assert (count("delivered"), count("dropped_closed")) == (delivered + 3, dropped)


async def test_what_cannot_be_delivered_in_the_closing_time_is_counted_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sender, "CLOSE_SECONDS", 0.1)
    fake = FakeEventGate()
    fake.usual = fake.status(503)
    dropped = count("dropped_closed")
    await emit_three(fake)
    assert count("dropped_closed") == dropped + 3
    assert "3 events are dropped: closed" in caplog.text


@pytest.mark.parametrize(
    "given", [{}, {"eventgate_url": "http://eventgate.test/"}, {"eventgate_stream": "scores"}]
)
async def test_a_server_without_an_eventgate_and_a_stream_has_no_events(
    given: dict[str, Any],
) -> None:
    async with open_session() as session, open_sender(EventSettings(**given), session) as events:
        assert events is None
