"""Requests that come when they come, however many wait: independent users, as Poisson arrivals."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from server import Server


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request; moments are of `time.perf_counter`."""

    kind: str
    status: int
    came: float
    ended: float

    @property
    def milliseconds(self) -> float:
        """From its arrival to its answer."""
        return 1000 * (self.ended - self.came)


async def arrive(
    server: Server,
    session: aiohttp.ClientSession,
    rate: float,
    seconds: float,
    draw: Callable[[random.Random], tuple[str, int]],
) -> list[Answer]:
    """`rate` requests a second for so many seconds, of the kinds and revisions that are drawn."""
    dice = random.Random(rate)
    begin = time.perf_counter()
    moment = 0.0
    asked = []
    while (moment := moment + dice.expovariate(rate)) < seconds:
        await asyncio.sleep(max(0.0, begin + moment - time.perf_counter()))
        asked.append(asyncio.create_task(_ask(server, session, *draw(dice), begin + moment)))
    return await asyncio.gather(*asked)


def percentile(milliseconds: list[float], share: float) -> float:
    """Of some waits, the one that such a share of them is not longer than; 0 of none."""
    ordered = sorted(milliseconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def _ask(
    server: Server, session: aiohttp.ClientSession, kind: str, rev_id: int, came: float
) -> Answer:
    async with session.post(server.predict_url, json={"rev_id": rev_id}) as response:
        await response.read()
    return Answer(kind, response.status, came, time.perf_counter())
