"""This checkout's server against another checkout's, in turns: did a change cost anything?

    make setup                                          # here and in the other checkout
    git worktree add ../before COMMIT && make -C ../before setup
    .venv/bin/python tools/bench/compare.py ../before

Both run the same model and ask the same wiki for the same revisions; the ratios are of pairs that
ran one after the other, first one and then the other in front. Before each pair the wiki is asked
for its revisions and their parents, or else the first of the pair would wait for the wiki's file to
be read and the second find it in memory.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from statistics import median

import aiohttp
from liftwing_demo.checkout import ROOT
from liftwing_demo.children import Children
from liftwing_demo.demo import Demo
from liftwing_demo.run import prepare
from liftwing_demo.wiki import build_wiki, wiki_is_current
from loads import LOADS, Load, Revisions
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from server import MODEL, Measured, Server, pin_off_the_way, start_wiki
from words import add_words, see_words

EDITS = 3000
WARM_UP = 12

Pair = tuple[Measured, Measured]


def main() -> None:
    """Prepare, measure, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, help="the other checkout, set up")
    parser.add_argument("--pairs", type=int, default=5, help="of each load (default 5)")
    parser.add_argument("--demo", type=Path, default=Path("build/demo"), help="the demo's folder")
    parser.add_argument("--wiki", type=Path, default=Path("build/bench/wiki.sqlite"))
    options = parser.parse_args()
    demo = Demo(options.demo)
    prepare(demo)
    if not wiki_is_current(options.wiki, EDITS):
        build_wiki(options.wiki, EDITS)
    add_words(options.wiki)
    model = (demo.models / MODEL / "model.bin").resolve()
    show(asyncio.run(measure(options.other.resolve(), options.pairs, model, options.wiki)))


async def measure(other: Path, pairs: int, model: Path, wiki: Path) -> dict[str, list[Pair]]:
    """Pairs of this checkout's and the other's figures, by load."""
    revisions = Revisions.of(wiki)
    with Children() as children:
        wiki_url, _ = start_wiki(children, wiki)
        servers = [Server(children, model, wiki_url, checkout) for checkout in (ROOT, other)]
        async with aiohttp.ClientSession() as session:
            for server in servers:
                await server.wait_until_ready(session)
                for rev_id, _ in zip(revisions.drawn(LOADS[0], 99), range(WARM_UP)):
                    await server.score(session, rev_id)
                await see_words(server, session)
            pin_off_the_way()
            with Progress() as progress:
                bar = progress.add_task("measuring", total=len(LOADS) * pairs)
                measured: dict[str, list[Pair]] = {}
                for load in LOADS:
                    measured[load.name] = []
                    for seed in range(pairs):
                        drawn = islice(revisions.drawn(load, seed), load.requests)
                        await read_all(session, wiki_url, set(drawn))
                        pair = await one_pair(servers, session, load, revisions, seed)
                        measured[load.name].append(pair)
                        progress.advance(bar)
                        shown = " against ".join(f"{side.rps:.1f}" for side in pair)
                        progress.console.print(f"{load.name}: {shown} requests a second")
    return measured


async def read_all(session: aiohttp.ClientSession, wiki_url: str, rev_ids: Iterable[int]) -> None:
    """Have the wiki read these revisions and their parents."""
    parents = [await read(session, wiki_url, rev_id) for rev_id in rev_ids]
    for rev_id in set(parents):
        await read(session, wiki_url, rev_id)


async def read(session: aiohttp.ClientSession, wiki_url: str, rev_id: int) -> int:
    """Have the wiki read a revision; returns its parent's id."""
    query = {"action": "query", "prop": "revisions", "revids": str(rev_id)}
    shape = {"rvprop": "ids|content", "rvslots": "main", "format": "json", "formatversion": "2"}
    async with session.get(f"{wiki_url}/w/api.php", params=query | shape) as response:
        document = await response.json()
    parent: int = document["query"]["pages"][0]["revisions"][0]["parentid"]
    return parent


async def one_pair(
    servers: list[Server],
    session: aiohttp.ClientSession,
    load: Load,
    revisions: Revisions,
    seed: int,
) -> Pair:
    """Both under the same load, one after the other."""
    ours, theirs = servers
    if seed % 2:
        second = await theirs.under(session, load, revisions, seed)
        return await ours.under(session, load, revisions, seed), second
    first = await ours.under(session, load, revisions, seed)
    return first, await theirs.under(session, load, revisions, seed)


def show(measured: dict[str, list[Pair]]) -> None:
    """A row for each load."""
    table = Table("load", "here, rps", "there, rps", "median of ratios", "lowest", "highest")
    for name, pairs in measured.items():
        ratios = sorted(here.rps / there.rps for here, there in pairs)
        here, there = (median(measured.rps for measured in side) for side in zip(*pairs))
        shown = [f"{here:.1f}", f"{there:.1f}"]
        shown += [f"{ratio:.2f}" for ratio in (median(ratios), ratios[0], ratios[-1])]
        table.add_row(name, *shown)
    Console().print(table)


if __name__ == "__main__":
    main()
