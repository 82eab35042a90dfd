"""How long it is from an edit to its coloured row in a browser that looks at the demo's page.

`python -m liftwing_demo.live.measure` asks a demo that runs, which edits as long as this looks.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from statistics import quantiles
from typing import Any

import aiohttp

from liftwing_demo.live.events import STREAM

SMALL_BYTES = 12_000


@dataclass(slots=True)
class Seen:
    """When edits were made and how large their pages are, and after how many seconds their rows
    told the damage, by the rows' names."""

    made: dict[str, tuple[float, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def table(self) -> str:
        """Milliseconds for pages of all sizes and for small ones."""
        small = {key for key, (_, size) in self.made.items() if size <= SMALL_BYTES}
        lines = ["| pages | edits | p50 ms | p95 ms |", "| --- | --- | --- | --- |"]
        for name, keys in (("all", self.made.keys()), ("up to 12 kB", small)):
            figures = sorted(1000 * self.seconds[key] for key in keys if key in self.seconds)
            if len(figures) > 1:
                cuts = quantiles(figures, n=20, method="inclusive")
                lines.append(f"| {name} | {len(figures)} | {cuts[9]:.0f} | {cuts[18]:.0f} |")
        return "\n".join(lines)


async def _events(http: aiohttp.ClientSession, url: str) -> AsyncIterator[Any]:
    async with http.get(url) as response:
        response.raise_for_status()
        async for line in response.content:
            if line.startswith(b"data: "):
                yield json.loads(line.removeprefix(b"data: "))


async def _watch_edits(http: aiohttp.ClientSession, url: str, seen: Seen) -> None:
    async for event in _events(http, url):
        key = f"{event['database']}-{event['rev_id']}"
        moment = datetime.fromisoformat(event["meta"]["dt"]).timestamp()
        seen.made[key] = (moment, event["rev_len"])


async def _watch_rows(http: aiohttp.ClientSession, url: str, seen: Seen) -> None:
    async for event in _events(http, url):
        if event == "alive":
            continue
        coloured = 'class="unknown"' not in event["row"]
        if coloured and event["key"] in seen.made and event["key"] not in seen.seconds:
            seen.seconds[event["key"]] = time.time() - seen.made[event["key"]][0]


async def _measure(front: str, eventgate: str, edits: int) -> Seen:
    seen = Seen()
    timeout = aiohttp.ClientTimeout(total=None, sock_read=120)
    async with aiohttp.ClientSession(timeout=timeout, read_bufsize=1 << 20) as http:
        watching = [
            asyncio.create_task(_watch_edits(http, f"{eventgate}/v2/stream/{STREAM}", seen)),
            asyncio.create_task(_watch_rows(http, f"{front}/changes?models=damaging", seen)),
        ]
        while len(seen.seconds) < edits and not any(task.done() for task in watching):
            await asyncio.sleep(0.1)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    return seen


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the exit code is 0."""
    parser = argparse.ArgumentParser(prog="python -m liftwing_demo.live.measure")
    parser.add_argument("--front", default="http://127.0.0.1:8086", help="the front's URL")
    parser.add_argument("--eventgate", default="http://127.0.0.1:8087", help="the EventGate's URL")
    parser.add_argument("--edits", type=int, default=100, help="how many edits to wait for")
    options = parser.parse_args(arguments)
    print(asyncio.run(_measure(options.front, options.eventgate, options.edits)).table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
