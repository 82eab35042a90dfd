"""Figures that the server is meant to keep to, measured and beside their bounds.

    .venv/bin/python tools/bench/bounds.py [--only cores,beside]

Two workers, English Wikipedia's damaging model, the texts of `make bench`. Server, wiki and clients
share the machine, which should have two cores and nothing else to do. `cached` needs wrk, of
Debian's package of that name.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import aiohttp
import at_rest
import texts
import under_load
from liftwing_demo.children import Children
from liftwing_demo.demo import Demo
from liftwing_demo.run import prepare
from rich.console import Console
from rich.table import Table
from server import MODEL, start_wiki
from stage import Figure, Stage
from texts import Texts

PARTS = {
    "threads": under_load.threads,
    "cores": under_load.cores,
    "beside": under_load.beside,
    "overload": under_load.overload,
    "memory": at_rest.memory,
    "cached": at_rest.cached,
    "start": at_rest.start,
}
MARKS = {True: "yes", False: "[red]no", None: ""}
console = Console(width=110)


def main() -> None:
    """Prepare, measure, report. Exits with 1 if a bound is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PARTS), help="default %(default)s")
    parser.add_argument("--turns", type=int, default=4, help="of each comparison (default 4)")
    parser.add_argument("--demo", type=Path, default=Path("build/demo"), help="the demo's folder")
    parser.add_argument("--wiki", type=Path, default=Path("build/bench/texts.sqlite"))
    options = parser.parse_args()
    if unknown := set(options.only.split(",")) - set(PARTS):
        parser.error(f"--only: no such part: {', '.join(unknown)}")
    demo = Demo(options.demo)
    prepare(demo)
    if not texts.is_written(options.wiki):
        texts.write(options.wiki)
    figures = asyncio.run(measure(options, demo.models / MODEL / "model.bin"))
    console.print(table_of(figures))
    sys.exit(any(figure.kept is False for figure in figures))


async def measure(options: argparse.Namespace, model: Path) -> list[Figure]:
    """The figures of all parts that are asked for."""
    figures = []
    with Children() as children:
        wiki_url, wiki_pid = start_wiki(children, options.wiki)
        # Requests wait in the server, not here.
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            stage = Stage(
                model=model.resolve(),
                wiki_url=wiki_url,
                wiki_pid=wiki_pid,
                session=session,
                texts=Texts.of(options.wiki),
                turns=options.turns,
            )
            for name in options.only.split(","):
                with console.status(name):
                    found = await PARTS[name](stage)
                for figure in found:
                    console.print(f"{figure.what}: {figure.value:.2f}")
                figures += found
    return figures


def table_of(figures: list[Figure]) -> Table:
    """A row for each figure."""
    table = Table("figure", "measured", "bound", "kept")
    for it in figures:
        bound = f"{it.relation} {it.bound:g}" if it.relation else ""
        table.add_row(it.what, f"{it.value:.2f}", bound, MARKS[it.kept])
    return table


if __name__ == "__main__":
    main()
