"""`make bench`: this server, this server without accelerations, and the bare library, in turns."""

from __future__ import annotations

import argparse
import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import aiohttp
import texts
from library import Library
from liftwing_demo.children import Children
from liftwing_demo.demo import Demo
from liftwing_demo.run import prepare
from report import Liveness, Row, show
from rich.progress import Progress
from server import MODEL, Server, pin_off_the_way, start_wiki
from sides import LibrarySide, ServerSide, Side
from texts import REPEATED, Texts
from words import add_words, see_words

WARM_UP = 12
LARGEST = 4
# No edit is asked for twice but where that is the subject.
CACHED = {"CACHE_BYTES": str(64 << 20)}


@dataclass(frozen=True, slots=True)
class Load:
    """A row for each side: edits of which sizes, asked for by how many clients."""

    name: str
    sizes: str
    clients: int
    repeated: bool = False

    def drawn(self, left: Texts) -> Iterator[int]:
        """Edits that were not asked for before, or a few of them again and again."""
        return left.again_and_again(self.sizes) if self.repeated else left.once(self.sizes)


LOADS = (
    Load("small (2-12 kB), 1 client", "small", 1),
    Load("small, 16 clients", "small", 16),
    Load("median (35-45 kB), 1 client", "median", 1),
    Load("median, 16 clients", "median", 16),
    Load("large (100-180 kB), 16 clients", "large", 16),
    Load("sizes of all articles, 16 clients", "mixed", 16),
    Load(f"{REPEATED} small ones again and again, 16 clients", "small", 16, repeated=True),
)


def main() -> None:
    """Prepare, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each load (default 3)")
    parser.add_argument(
        "--seconds", type=float, default=5, help="of each turn (default %(default)s)"
    )
    parser.add_argument("--liveness-seconds", type=float, default=10, help="default 10")
    parser.add_argument("--demo", type=Path, default=Path("build/demo"), help="the demo's folder")
    parser.add_argument("--to", type=Path, default=Path("build/bench"), help="default build/bench")
    options = parser.parse_args()
    demo = Demo(options.demo)
    prepare(demo)
    wiki = options.to / "texts.sqlite"
    if not texts.is_written(wiki):
        texts.write(wiki)
    add_words(wiki)
    rows, liveness = asyncio.run(measure(options, demo.models / MODEL / "model.bin", wiki))
    show(rows, liveness, options.to)


async def measure(
    options: argparse.Namespace, model: Path, wiki: Path
) -> tuple[list[Row], Liveness]:
    """All rows, the sides in turns, and the liveness."""
    with Children() as children:
        wiki_url, _ = start_wiki(children, wiki)
        servers = [
            Server(children, model, wiki_url, settings={**CACHED, **settings})
            for settings in ({}, {"ACCELERATED_EXTRACTION": "False"})
        ]
        async with aiohttp.ClientSession() as session:
            for server in servers:
                await server.wait_until_ready(session)
            with closing(Library(model, wiki_url)) as library, Progress() as progress:
                pin_off_the_way()
                sides: list[Side] = [
                    ServerSide("server", servers[0], session),
                    ServerSide("accelerations off", servers[1], session),
                    LibrarySide(library),
                ]
                left = {side.name: Texts.of(wiki) for side in sides}
                await warm_up(sides, left)
                for server in servers:
                    await see_words(server, session)
                bar = progress.add_task("measuring", total=len(LOADS) * options.rounds)
                rows: list[Row] = []
                for load in LOADS:
                    measured = [Row(load.name, side.name) for side in sides]
                    for number in range(options.rounds):
                        for side, row in in_turns(sides, measured, number):
                            drawn = load.drawn(left[side.name])
                            row.add(await side.under(drawn, load.clients, options.seconds))
                            row.mebibytes = side.mebibytes()
                        progress.advance(bar)
                    rows += measured
            largest = list(islice(left["server"].once("large"), LARGEST))
            idle = await servers[0].liveness(session, options.liveness_seconds)
            busy = await servers[0].liveness(session, options.liveness_seconds, largest)
    return rows, Liveness(1000 * max(idle), 1000 * max(busy), len(busy))


async def warm_up(sides: Sequence[Side], left: Mapping[str, Texts]) -> None:
    """The first scores of a process load code and dictionaries."""
    for side in sides:
        for sizes in ("small", "median"):
            await side.under(islice(left[side.name].once(sizes), WARM_UP), 2, math.inf)


def in_turns(sides: Sequence[Side], rows: Sequence[Row], number: int) -> Iterator[tuple[Side, Row]]:
    """Each side with its row; in each round another one is first."""
    pairs = list(zip(sides, rows))
    first = number % len(pairs)
    yield from pairs[first:] + pairs[:first]


if __name__ == "__main__":
    main()
