"""`make bench`: this server against the bare library, in turns."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import closing
from pathlib import Path

import aiohttp
from library import Library
from liftwing_demo.children import Children
from liftwing_demo.run import Demo, prepare
from liftwing_demo.wiki import build_wiki, wiki_is_current
from loads import LARGE, LOADS, Load, Revisions
from report import Figures, Liveness, Row, show
from rich.progress import Progress
from server import MODEL, Measured, Server, free_port, pin_off_the_way
from words import add_words, see_words

EDITS = 3000
WARM_UP = 12
# The library takes several times as long for each.
LIBRARY_SHARE = 0.4


def main() -> None:
    """Prepare, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each load (default 3)")
    parser.add_argument("--liveness-seconds", type=float, default=10, help="default 10")
    parser.add_argument("--demo", type=Path, default=Path("build/demo"), help="the demo's folder")
    parser.add_argument("--to", type=Path, default=Path("build/bench"), help="default build/bench")
    options = parser.parse_args()
    demo = Demo(options.demo)
    prepare(demo)
    wiki = options.to / "wiki.sqlite"
    if not wiki_is_current(wiki, EDITS):
        build_wiki(wiki, EDITS)
    add_words(wiki)
    rows, liveness = asyncio.run(measure(options, demo.models / MODEL / "model.bin", wiki))
    show(rows, liveness, options.to)


async def measure(
    options: argparse.Namespace, model: Path, wiki: Path
) -> tuple[list[Row], Liveness]:
    """All rows, the two sides in turns, and the liveness."""
    revisions = Revisions.of(wiki)
    port = free_port()
    wiki_url = f"http://127.0.0.1:{port}"
    with Children() as children:
        command = [sys.executable, "-m", "liftwing_demo.wiki.server", "--db", str(wiki)]
        children.start("wiki", [*command, "--port", str(port)], {})
        server = Server(children, model, wiki_url)
        async with aiohttp.ClientSession() as session:
            await server.wait_until_ready(session)
            with closing(Library(model, wiki_url)) as library, Progress() as progress:
                pin_off_the_way()
                await warm_up(server, session, library, revisions)
                bar = progress.add_task("measuring", total=len(LOADS) * options.rounds)
                rows = []
                for load in LOADS:
                    ours: list[Measured] = []
                    theirs: list[Measured] = []
                    for seed in range(options.rounds):
                        ours.append(await server.under(session, load, revisions, seed))
                        theirs.append(library_under(library, load, revisions, seed))
                        progress.advance(bar)
                    rows.append(Row(load.name, Figures.of(ours), Figures.of(theirs)))
            largest = sorted(revisions.within(LARGE), key=revisions.sizes.__getitem__)[-4:]
            idle = await server.liveness(session, options.liveness_seconds)
            busy = await server.liveness(session, options.liveness_seconds, largest)
    return rows, Liveness(1000 * max(idle), 1000 * max(busy), len(busy))


async def warm_up(
    server: Server, session: aiohttp.ClientSession, library: Library, revisions: Revisions
) -> None:
    """The first scores of a process load code and dictionaries; then it sees many other words."""
    for load in LOADS[:2]:
        for rev_id, _ in zip(revisions.drawn(load, 99), range(WARM_UP)):
            await server.score(session, rev_id)
            library.score(rev_id)
    await see_words(server, session)


def library_under(library: Library, load: Load, revisions: Revisions, seed: int) -> Measured:
    """A share of the load's requests, but enough that its clients have queued."""
    requests = max(3 * load.clients, int(load.requests * LIBRARY_SHARE))
    return library.under(load, revisions, seed, requests)


if __name__ == "__main__":
    main()
