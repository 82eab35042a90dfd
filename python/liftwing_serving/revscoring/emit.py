"""Score events of the server's models, on their way to EventGate."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp

from liftwing_serving import metrics
from liftwing_serving.eventgate import EventGate, EventSender, MemoryQueue
from liftwing_serving.events import EventSource, score_event
from liftwing_serving.revscoring.tasks import Score
from liftwing_serving.settings import Settings

CLOSE_SECONDS = 5.0


class ScoreEvents:
    """Emits one event for each request that carried one, also for a score it shared."""

    def __init__(self, sender: EventSender, stream: str) -> None:
        self._sender = sender
        self._stream = stream

    def emit(self, source: EventSource, model: str, version: str, score: Score) -> None:
        """Queue the score event; the answer does not wait for its delivery."""
        now, event_id = datetime.now(UTC), str(uuid.uuid4())
        event = score_event(source, score.score, model, version, self._stream, now, event_id)
        self._sender.accept(event)


@asynccontextmanager
async def score_events(
    settings: Settings, session: aiohttp.ClientSession
) -> AsyncIterator[ScoreEvents | None]:
    """The server's events, delivered until the context is left; None if no EventGate is set."""
    if settings.eventgate_url is None or settings.eventgate_stream is None:
        yield None
        return
    gate = EventGate(str(settings.eventgate_url), session, settings.aiohttp_client_timeout)
    sender = EventSender(gate, MemoryQueue(), metrics.EventCounts())
    metrics.EVENT_QUEUE.set_function(lambda: sender.waiting)
    await sender.start()
    try:
        yield ScoreEvents(sender, settings.eventgate_stream)
    finally:
        await sender.close(CLOSE_SECONDS)
