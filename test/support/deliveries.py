"""What a server of the light model delivers to the demo EventGate."""

from __future__ import annotations

import json
from typing import Any

from support.processes import EventGate, wait_until

STREAM = "mediawiki.revision_score_damaging"
# Generous: on a quiet machine all events arrive within a second.
SECONDS = 60


class RememberingEventGate(EventGate):
    """Forgets no event at a reset, so that a last test can look at all of them."""

    RESETTABLE = ("knobs", "calls")


class Deliveries:
    """What EventGate accepted since this was made."""

    def __init__(self, eventgate: EventGate) -> None:
        self._eventgate = eventgate
        self._before = len(eventgate.events())

    def events(self) -> list[dict[str, Any]]:
        return self._eventgate.events()[self._before :]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        wait_until(lambda: len(self.events()) >= count, SECONDS, f"{count} events")
        return self.events()


def event_environment(eventgate: EventGate) -> dict[str, str]:
    """What a server needs to be told to send its events there."""
    return {
        "EVENTGATE_URL": f"{eventgate.url}/v1/events",
        "EVENTGATE_STREAM": STREAM,
        # An answer that comes later makes the server send again what EventGate has taken.
        "AIOHTTP_CLIENT_TIMEOUT": "60",
    }


def assert_score_of(event: dict[str, Any], stock: dict[int, dict[str, Any]]) -> None:
    """The event's score is the stock library's of the event's revision."""
    score = stock[event["rev_id"]]["score"]
    assert event["scores"] == {
        "damaging": {
            "model_name": "damaging",
            "model_version": "0.0.1",
            "prediction": [json.dumps(score["prediction"])],
            "probability": score["probability"],
        }
    }
