"""Batches against single requests, and two models of one server against two servers.

    .venv/bin/python tools/bench/batches.py

Throughput: the same revisions as batches of 50 and as single requests one after another, in turns,
once the one first and once the other; the ratios are of such pairs. CPU: seconds of a server with
its workers (/proc) for each revision that both models score, by `/v1/scores` of one server and by
`:predict` of two. Beforehand the servers see 256,000 words that no article has.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import aiohttp
from compare import EDITS, read_all
from liftwing_demo.children import Children
from liftwing_demo.demo import Demo
from liftwing_demo.run import prepare
from liftwing_demo.wiki import build_wiki, wiki_is_current
from loads import MIDDLE, Revisions
from rich.console import Console
from rich.table import Table
from server import MODEL, Server, pin_off_the_way, start_wiki
from words import add_words, see_words

SIZE = 50
BOTH = (MODEL, "enwiki-goodfaith")
ALL_SIZES = range(2_000, 200_000)

Way = Callable[[Sequence[int]], Awaitable[float]]
console = Console(width=120)


RPS, CPU = "revisions/s", "CPU s/revision"
UNITS = {"throughput": RPS, "cpu": CPU}


@dataclass(frozen=True, slots=True)
class Ratios:
    """A row of the report: two ways to do the same with a `number` of revisions, in pairs."""

    name: str
    unit: str
    rev_ids: Sequence[int]
    number: int
    ways: tuple[Way, Way]
    pairs: list[tuple[float, float]] = field(default_factory=list)

    def row(self) -> list[str]:
        """As the report shows it."""
        ratios = sorted(one / other for one, other in self.pairs)
        one, other = (median(side) for side in zip(*self.pairs))
        shown = [f"{one:.3g}", f"{other:.3g}"]
        shown += [f"{ratio:.2f}" for ratio in (median(ratios), ratios[0], ratios[-1])]
        return [self.name, self.unit, *shown]


def main() -> None:
    """Prepare, measure, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=5, help="of each row (default 5)")
    parser.add_argument("--only", choices=("throughput", "cpu"), help="only these rows")
    parser.add_argument("--demo", type=Path, default=Path("build/demo"), help="the demo's folder")
    parser.add_argument("--wiki", type=Path, default=Path("build/bench/wiki.sqlite"))
    options = parser.parse_args()
    demo = Demo(options.demo)
    prepare(demo)
    if not wiki_is_current(options.wiki, EDITS):
        build_wiki(options.wiki, EDITS)
    add_words(options.wiki)
    rows = asyncio.run(measure(options, (demo.models / MODEL / "model.bin").resolve()))
    table = Table("what", "unit", "one", "other", "median of ratios", "lowest", "highest")
    for one in rows:
        table.add_row(*one.row())
    console.print(table)


async def measure(options: argparse.Namespace, model: Path) -> list[Ratios]:
    """All rows that are wanted."""
    with Children() as children:
        wiki_url, _ = start_wiki(children, options.wiki)
        together = Server(children, model, wiki_url, models=BOTH)
        files = {name: model.parents[1] / name / "model.bin" for name in BOTH}
        apart = [Server(children, file, wiki_url, models=(name,)) for name, file in files.items()]
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3600)) as session:
            for server in (together, *apart):
                await server.wait_until_ready(session)
                await see_words(server, session)
            pin_off_the_way()
            rows = []
            for row in rows_of(Revisions.of(options.wiki), together, apart, session):
                if options.only and row.unit != UNITS[options.only]:
                    continue
                for seed in range(options.pairs):
                    drawn = random.Random(seed).sample(row.rev_ids, row.number)
                    await read_all(session, wiki_url, drawn)
                    one, other = await in_turns(row.ways, drawn, seed)
                    row.pairs.append((one, other))
                    console.print(f"{row.name}: {one:.3g} against {other:.3g} {row.unit}")
                rows.append(row)
    return rows


def rows_of(
    revisions: Revisions, together: Server, apart: Sequence[Server], session: aiohttp.ClientSession
) -> list[Ratios]:
    """What is to be measured."""
    middle, any_size = revisions.within(MIDDLE), revisions.within(ALL_SIZES)
    ways = batches_of(together, session), singles_of(together, session)
    one_by_one, at_once = (cpu_of(together, apart, session, size) for size in (1, SIZE))
    return [
        Ratios("35-45 kB: a batch of 50, 1 client", RPS, middle, SIZE, ways),
        Ratios("35-45 kB: 2 batches at a time, 1 client", RPS, middle, 2 * SIZE, ways),
        Ratios("all sizes: a batch of 50, 1 client", RPS, any_size, SIZE, ways),
        Ratios("35-45 kB, one by one: 1 server, 2 servers", CPU, middle, 20, one_by_one),
        Ratios("35-45 kB, a batch of 50: 1 server, 2 servers", CPU, middle, SIZE, at_once),
    ]


async def in_turns(ways: Sequence[Way], rev_ids: Sequence[int], seed: int) -> tuple[float, float]:
    """What both ways measured, the one in front changing with the seed."""
    one, other = ways
    if seed % 2:
        second = await other(rev_ids)
        return await one(rev_ids), second
    first = await one(rev_ids)
    return first, await other(rev_ids)


def batches_of(server: Server, session: aiohttp.ClientSession) -> Way:
    """Revisions per second in batches, all at a time."""

    async def batch(rev_ids: Sequence[int]) -> None:
        request = {"instances": [{"rev_id": rev_id} for rev_id in rev_ids]}
        await server.post(session, f"/v1/models/{MODEL}:predict", request)

    async def way(rev_ids: Sequence[int]) -> float:
        started = time.perf_counter()
        await asyncio.gather(*(batch(part) for part in parts(rev_ids, SIZE)))
        return len(rev_ids) / (time.perf_counter() - started)

    return way


def singles_of(server: Server, session: aiohttp.ClientSession) -> Way:
    """Revisions per second one after another."""

    async def way(rev_ids: Sequence[int]) -> float:
        started = time.perf_counter()
        for rev_id in rev_ids:
            await server.score(session, rev_id)
        return len(rev_ids) / (time.perf_counter() - started)

    return way


def cpu_of(
    together: Server, apart: Sequence[Server], session: aiohttp.ClientSession, size: int
) -> tuple[Way, Way]:
    """CPU seconds per revision scored by both models: in one call, and by a server each."""

    async def by_one(rev_ids: Sequence[int]) -> float:
        before = cpu_seconds(together.pid)
        for part in parts(rev_ids, size):
            await together.post(session, "/v1/scores", {"rev_ids": part})
        return (cpu_seconds(together.pid) - before) / len(rev_ids)

    async def by_two(rev_ids: Sequence[int]) -> float:
        before = sum(cpu_seconds(server.pid) for server in apart)
        for server, name in zip(apart, BOTH):
            for part in parts(rev_ids, size):
                instances = [{"rev_id": rev_id} for rev_id in part]
                request = {"instances": instances} if size > 1 else instances[0]
                await server.post(session, f"/v1/models/{name}:predict", request)
        return (sum(cpu_seconds(server.pid) for server in apart) - before) / len(rev_ids)

    return by_one, by_two


def parts(rev_ids: Sequence[int], size: int) -> list[list[int]]:
    """The revisions in their order, so many at a time."""
    return [list(rev_ids[first : first + size]) for first in range(0, len(rev_ids), size)]


def cpu_seconds(pid: int) -> float:
    """What a process and all that descend from it have computed."""
    parents: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(name))
        ticks[int(name)] = sum(map(int, fields[11:13]))
    family = [pid]
    for member in family:
        family += parents.get(member, [])
    return sum(ticks.get(member, 0) for member in family) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
