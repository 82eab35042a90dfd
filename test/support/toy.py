"""The smallest family there can be: no wiki, no workers. `python toy.py FLAGS` serves it."""

from __future__ import annotations

import asyncio
import logging
import sys
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from liftwing_serving import errors, fields, logs, server
from liftwing_serving.deadline import Deadline
from liftwing_serving.settings import ServerSettings, load_settings

REFUSALS = {
    "unusable": errors.UpstreamUnusable("MediaWiki's answer is not JSON."),
    "unavailable": errors.UpstreamUnavailable("MediaWiki cannot be reached.", asked_delay=7),
    "busy": errors.TooManyRequests(9),
    "lost": errors.WorkerLost("The worker processes that did this work died."),
    "missing": errors.RevisionMissing(12345),
    "hidden": errors.ResourceMissing(12345, "TextDeleted"),
    "unreadable": errors.ContentUnreadable(12345, "JSON expected"),
    "internal": errors.InternalError("a task failed", details="SECRET of a worker"),
}


class Toy(server.Servable[int]):
    """Doubles a number."""

    platform = "arithmetic"
    request_schema = {
        "type": "object",
        "properties": {
            "number": {"type": "integer", "minimum": 1},
            "refuse": {"enum": [*REFUSALS]},
        },
        "required": ["number"],
    }
    answer_schema = {
        "type": "object",
        "properties": {"double": {"type": "integer"}},
        "required": ["double"],
    }

    def read(self, given: dict[str, Any]) -> int:
        number = fields.positive_integer(given, "number")
        logs.note(number=number)
        if given.get("refuse") in REFUSALS:
            raise REFUSALS[given["refuse"]]
        return number

    async def answer(self, request: int, deadline: Deadline) -> dict[str, Any]:
        if request == 13:
            raise ZeroDivisionError("SECRET of a defect")
        if request == 99:
            await asyncio.sleep(60)
        if request == 98:
            return {"double": 98, "seconds": deadline.remaining()}
        return {"double": 2 * request}


class Doubles(server.Servable[list[int]]):
    """Doubles several numbers, under a route of its own; says of each that there was no time."""

    request_schema = {
        "type": "object",
        "properties": {"numbers": {"type": "array", "items": {"type": "integer"}}},
        "required": ["numbers"],
    }

    def read(self, given: dict[str, Any]) -> list[int]:
        return [
            fields.positive_integer({"number": number}, "number") for number in given["numbers"]
        ]

    async def answer(self, request: list[int], deadline: Deadline) -> dict[str, Any]:
        answers = await asyncio.gather(*(self._double(number, deadline) for number in request))
        # As much as gathering may take, and if it never ends.
        await asyncio.sleep({7: 0.3, 8: 60}.get(request[0], 0))
        return {"doubles": answers}

    async def _double(self, number: int, deadline: Deadline) -> Any:
        try:
            return (await deadline.wait_for(Toy("toy").answer(number, deadline)))["double"]
        except errors.DeadlineExceeded as error:
            return error.message


class ToySettings(ServerSettings):
    """How long its beginning and its end take."""

    toy_loads: float = 0
    """Seconds until it is loaded."""

    toy_closes: float = 0
    """Seconds until it is closed."""


@asynccontextmanager
async def toys(flags: Namespace) -> AsyncIterator[list[server.Servable[Any]]]:
    logging.warning("loading")
    await asyncio.sleep(settings.toy_loads)
    yield [Toy("toy"), Doubles("/v1/doubles")]
    logging.warning("closing")
    await asyncio.sleep(settings.toy_closes)


if __name__ == "__main__":
    settings = load_settings(ToySettings)
    logs.configure("INFO", "INFO", "WARNING")
    server.run(["toy", "/v1/doubles"], toys, settings, sys.argv[1:])
