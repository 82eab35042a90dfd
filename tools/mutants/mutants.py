"""Do the tests notice? Applies the defects of test/mutants one by one and runs their tests.

Each is tried in a copy of the checkout; the table tells which test caught it, in how many seconds.
Exits with 1 if one is missed that is not explained. The tools that find mutants by themselves,
mutmut and cosmic-ray, make thousands that say nothing to a reader, and keep no list.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from copies import ROOT, copied
from defects import Defect, ListUnreadable, listed
from planting import CannotPlant, module_of, planted
from results import console, show, status_of
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from trials import Outcome, Result, run_tests, try_out

LISTS = ROOT / "test/mutants"
# All tests that defects name, once.
UNHARMED_SECONDS = 3600.0


def main() -> None:
    """Try the defects out and print what became of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", metavar="TEXT", default="", help="those that have it in a field")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="how many at a time")
    parser.add_argument("--list", action="store_true", help="name them and try none")
    parser.add_argument("--folder", type=Path, default=LISTS, help="lists of other defects")
    options = parser.parse_args()
    try:
        chosen = [defect for defect in listed(options.folder) if options.only in str(defect)]
        for defect in chosen:
            planted(module_of(defect, ROOT).read_text(), defect)
    except (ListUnreadable, CannotPlant) as error:
        sys.exit(f"{error}")
    if not chosen:
        sys.exit(f"No defect has {options.only!r} in any field.")
    if options.list:
        for defect in chosen:
            console.print(f"{defect.chapter}: {defect.name}", highlight=False, markup=False)
        return
    try:
        results = asyncio.run(try_all(chosen, max(1, options.jobs)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(128 + signal.SIGINT)
    show(chosen, results)
    sys.exit(status_of(chosen, results))


async def try_all(defects: Sequence[Defect], jobs: int) -> list[Result]:
    """What became of each, in their order. Exits if their tests fail without any defect."""
    present = asyncio.current_task()
    assert present is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, present.cancel)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with ExitStack() as opened:
        progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        bar = opened.enter_context(progress).add_task("copying", total=len(defects))
        copies = [opened.enter_context(copied()) for _ in range(min(jobs, len(defects)))]
        progress.update(bar, description="without a defect")
        await require_success(copies[0], defects)
        free: asyncio.Queue[Path] = asyncio.Queue()
        for copy in copies:
            free.put_nowait(copy)

        async def attempt(defect: Defect) -> Result:
            copy = await free.get()
            progress.update(bar, description=f"{defect.chapter}: {defect.name}"[:60])
            result = await try_out(defect, copy)
            free.put_nowait(copy)
            progress.advance(bar)
            if not console.is_terminal:
                outcome = f"{result.outcome.value:7} {result.seconds:5.1f} s"
                line = f"{outcome}  {defect.chapter}: {defect.name}"
                console.print(line, highlight=False, markup=False, soft_wrap=True)
            return result

        async with asyncio.TaskGroup() as group:
            trials = [group.create_task(attempt(defect)) for defect in defects]
    return [trial.result() for trial in trials]


async def require_success(copy: Path, defects: Sequence[Defect]) -> None:
    """Run all named tests; exits with what pytest says if one fails."""
    tests = dict.fromkeys(test for defect in defects for test in defect.tests)
    unharmed = await run_tests(copy, tests, UNHARMED_SECONDS)
    if unharmed.outcome is not Outcome.MISSED:
        sys.exit(f"{unharmed.output}\nThe tests do not pass without a defect.")
    line = f"{len(tests)} tests and files pass without a defect, in {unharmed.seconds:.0f} s"
    console.print(line, highlight=False)


if __name__ == "__main__":
    main()
