"""What the front adds: scores asked of it against the same asked of the server behind it.

    .venv/bin/python tools/bench/front.py

Each revision is scored by both ways, one after the other, once the one first and once the other.
The milliseconds added are the median of the differences, and the difference of the medians.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
from batches import BOTH
from compare import read_all
from liftwing_demo.checkout import ROOT
from liftwing_demo.children import Children
from liftwing_demo.demo import Demo
from liftwing_demo.run import prepare
from loads import SMALL, Revisions
from rich.console import Console
from rich.table import Table
from server import MODEL, Server, free_port, start_wiki

FRONT = ROOT / "ores/model-server/front.py"
SIZE = 50
CLIENTS = 16

# Asks for what it stands for, of some revisions.
Ask = Callable[[Sequence[int]], Awaitable[None]]
console = Console(width=120)


def main() -> None:
    """Prepare, measure, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--singles", type=int, default=200, help="of each way (default 200)")
    parser.add_argument("--calls", type=int, default=12, help="of 50 revisions (default 12)")
    parser.add_argument("--demo", type=Path, default=Path("build/demo"), help="the demo's folder")
    options = parser.parse_args()
    demo = Demo(options.demo)
    prepare(demo)
    table = Table("what", "direct, p50 ms", "front, p50 ms", "added to medians", "median added")
    for row in asyncio.run(measure(options, demo)):
        table.add_row(*row)
    console.print(table)


async def measure(options: argparse.Namespace, demo: Demo) -> list[list[str]]:
    """The rows of the report."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Children() as children:
        wiki_url, _ = start_wiki(children, demo.wiki_file)
        server = Server(children, demo.models / MODEL / "model.bin", wiki_url, models=BOTH)
        command = [sys.executable, str(FRONT), "--http_port", str(port)]
        children.start("front", command, {"MODEL_SERVERS": f"* {server.url}"})
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3600)) as session:
            await server.wait_until_ready(session)
            rev_ids = Revisions.of(demo.wiki_file).within(SMALL)
            dice = random.Random(1)
            singles = [[dice.choice(rev_ids)] for _ in range(options.singles)]
            calls = [dice.sample(rev_ids, SIZE) for _ in range(options.calls)]
            await read_all(session, wiki_url, sorted({it for call in calls for it in call}))
            ways = single_by(session, server.url), single_by(session, url)
            rows = [await added("one score", ways, singles)]
            ways = scores_by(session, server.url), v3_by(session, url)
            rows.append(await added(f"{SIZE} revisions by {len(BOTH)} models", ways, calls))
            ways = single_by(session, server.url), single_by(session, url)
            rows.append(await throughput(ways, singles))
    return rows


async def added(name: str, ways: Sequence[Ask], asked: Sequence[Sequence[int]]) -> list[str]:
    """A row: what both ways take, and what one adds to the other."""
    await ways[1](asked[0])
    pairs = []
    for number, rev_ids in enumerate(asked):
        seconds = [0.0, 0.0]
        for one in (0, 1) if number % 2 else (1, 0):
            started = time.perf_counter()
            await ways[one](rev_ids)
            seconds[one] = time.perf_counter() - started
        pairs.append(seconds)
    direct, front = (median(side) * 1000 for side in zip(*pairs))
    difference = median(one - other for other, one in pairs) * 1000
    return [name, f"{direct:.1f}", f"{front:.1f}", f"{front - direct:.2f}", f"{difference:.2f}"]


async def throughput(ways: Sequence[Ask], asked: Sequence[Sequence[int]]) -> list[str]:
    """A row: requests per second of several clients by either way, in three turns."""
    rates: list[list[float]] = [[], []]
    for turn in range(3):
        for one in (0, 1) if turn % 2 else (1, 0):
            waiting = iter(asked)

            async def client(ask: Ask = ways[one], waiting: Any = waiting) -> None:
                for rev_ids in waiting:
                    await ask(rev_ids)

            started = time.perf_counter()
            await asyncio.gather(*(client() for _ in range(CLIENTS)))
            rates[one].append(len(asked) / (time.perf_counter() - started))
    direct, front = map(median, rates)
    name = f"one score, {CLIENTS} clients: requests/s"
    return [name, f"{direct:.1f}", f"{front:.1f}", "", f"x {front / direct:.2f}"]


def single_by(session: aiohttp.ClientSession, url: str) -> Ask:
    """One score of one model."""

    async def ask(rev_ids: Sequence[int]) -> None:
        body = {"rev_id": rev_ids[0]}
        async with session.post(f"{url}/v1/models/{MODEL}:predict", json=body) as answer:
            await read(answer)

    return ask


def scores_by(session: aiohttp.ClientSession, url: str) -> Ask:
    """All revisions by all models, of the model server."""

    async def ask(rev_ids: Sequence[int]) -> None:
        async with session.post(f"{url}/v1/scores", json={"rev_ids": rev_ids}) as answer:
            await read(answer)

    return ask


def v3_by(session: aiohttp.ClientSession, url: str) -> Ask:
    """All revisions by all models, as ORES was asked."""
    models = "|".join(name.split("-")[1] for name in BOTH)

    async def ask(rev_ids: Sequence[int]) -> None:
        asked = {"models": models, "revids": "|".join(map(str, rev_ids)), "format": "json"}
        async with session.get(f"{url}/v3/scores/enwiki/", params=asked) as answer:
            await read(answer)

    return ask


async def read(answer: aiohttp.ClientResponse) -> None:
    """The whole answer, which has to be a good one."""
    text = await answer.text()
    if answer.status != 200:
        raise SystemExit(f"front: {answer.status} {text}")


if __name__ == "__main__":
    main()
