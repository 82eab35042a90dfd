"""The table of defects and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from defects import Defect
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from trials import Outcome, Result

console = Console()

COLOURS = {
    Outcome.CAUGHT: "green",
    Outcome.MISSED: "red",
    Outcome.HUNG: "red",
    Outcome.BROKEN: "magenta",
}


def show(defects: Sequence[Defect], results: Sequence[Result]) -> None:
    """A table of all, how many of each chapter were caught, and the reason of each miss."""
    table = Table("", "defect", "outcome", Column("caught by", overflow="fold"), "seconds")
    for defect, result in zip(defects, results, strict=True):
        colour = COLOURS[result.outcome]
        outcome = f"[{colour}]{result.outcome.value}[/{colour}]"
        told = escape(_told(defect, result))
        name = escape(defect.name)
        table.add_row(defect.chapter, name, outcome, told, f"{result.seconds:.1f}")
    console.print(table)
    console.print(_summary(defects, results))
    for defect, result in zip(defects, results, strict=True):
        if result.outcome is Outcome.BROKEN:
            console.print(f"\n{defect.name}:\n{result.output}", markup=False, highlight=False)


def status_of(defects: Sequence[Defect], results: Sequence[Result]) -> int:
    """The exit status: 0 if each defect is caught, or its miss is explained."""
    return int(
        any(
            result.outcome is not Outcome.CAUGHT and not _explained(defect, result)
            for defect, result in zip(defects, results, strict=True)
        )
    )


def _explained(defect: Defect, result: Result) -> bool:
    return result.outcome is Outcome.MISSED and bool(defect.missed)


def _told(defect: Defect, result: Result) -> str:
    """The test, shortened to its file and name, or why there is none."""
    if result.test:
        return result.test.rpartition("/")[2].partition("[")[0]
    return f"explained: {defect.missed}" if _explained(defect, result) else ""


def _summary(defects: Sequence[Defect], results: Sequence[Result]) -> Table:
    table = Table("", "defects", *(outcome.value for outcome in Outcome), "seconds")
    pairs = list(zip(defects, results, strict=True))
    for chapter, group in groupby(pairs, key=lambda pair: pair[0].chapter):
        _add(table, chapter, [result for _, result in group])
    table.add_section()
    _add(table, "all", list(results))
    return table


def _add(table: Table, name: str, results: list[Result]) -> None:
    numbers = Counter(result.outcome for result in results)
    seconds = sum(result.seconds for result in results)
    cells = (str(numbers[outcome]) for outcome in Outcome)
    table.add_row(name, str(len(results)), *cells, f"{seconds:.0f}")
