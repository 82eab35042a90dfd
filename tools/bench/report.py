"""What people look at: a table, a picture, and the figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sides import Taken

COLORS = {"library": "#999999", "accelerations off": "#99bbee", "server": "#3366cc"}


@dataclass(slots=True)
class Row:
    """One side under one load, and the memory that its processes had at the end."""

    load: str
    side: str
    taken: Taken = field(default_factory=Taken)
    mebibytes: float = 0.0

    def add(self, taken: Taken) -> None:
        """Count a turn in."""
        self.taken.add(taken)

    @property
    def per_second(self) -> float:
        """Scores per second of all turns together."""
        return len(self.taken.scores) / self.taken.elapsed

    @property
    def cpu_milliseconds(self) -> float:
        """Of each score; with the fetching, but without the wiki's own."""
        return 1000 * self.taken.cpu / len(self.taken.scores)

    def milliseconds(self, share: float) -> float:
        """A percentile of the scores' times."""
        times = sorted(self.taken.scores)
        return 1000 * times[min(len(times) - 1, int(share * len(times)))]

    def figures(self) -> dict[str, float | str]:
        """All of them by name."""
        return {
            "load": self.load,
            "side": self.side,
            "scores": len(self.taken.scores),
            "per_second": self.per_second,
            "p50_ms": self.milliseconds(0.5),
            "p95_ms": self.milliseconds(0.95),
            "p99_ms": self.milliseconds(0.99),
            "cpu_ms": self.cpu_milliseconds,
            "pss_mib": self.mebibytes,
        }


@dataclass(frozen=True, slots=True)
class Liveness:
    """Worst waits in milliseconds."""

    idle_worst: float
    busy_worst: float
    probes: int


def show(rows: Sequence[Row], liveness: Liveness, folder: Path) -> None:
    """Print the table, and write bench.json and bench.png into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    Console(width=140).print(_table(rows, liveness))
    document = {"rows": [row.figures() for row in rows], "liveness": asdict(liveness)}
    (folder / "bench.json").write_text(json.dumps(document, indent=2))
    _draw(rows, folder / "bench.png")


def _table(rows: Sequence[Row], liveness: Liveness) -> Table:
    table = Table(
        *("load", "side", "scores/s", "x library", "p50/p95/p99 ms", "CPU ms a score", "PSS MiB"),
        caption=(
            f"liveness beside four revisions of over 100 kB, worst of {liveness.probes} scheduled"
            f" probes: {liveness.busy_worst:.0f} ms; idle: {liveness.idle_worst:.0f} ms"
        ),
    )
    library = {row.load: row.per_second for row in rows if row.side == "library"}
    load = ""
    for row in rows:
        if row.load != load:
            table.add_section()
        times = " / ".join(f"{row.milliseconds(share):.0f}" for share in (0.5, 0.95, 0.99))
        table.add_row(
            "" if row.load == load else row.load,
            row.side,
            f"{row.per_second:.1f}",
            f"{row.per_second / library[row.load]:.1f}",
            times,
            f"{row.cpu_milliseconds:.1f}",
            f"{row.mebibytes:.0f}",
        )
        load = row.load
    return table


def _draw(rows: Sequence[Row], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    loads = list(dict.fromkeys(row.load for row in rows))
    figure, (throughput, latency) = pyplot.subplots(1, 2, figsize=(13, 5.2), sharey=True)
    for offset, (side, color) in zip((-0.27, 0.0, 0.27), COLORS.items()):
        of_side = [row for row in rows if row.side == side]
        heights = [loads.index(row.load) - offset for row in of_side]
        throughput.barh(heights, [row.per_second for row in of_side], 0.25, color=color, label=side)
        medians = [row.milliseconds(0.5) for row in of_side]
        latency.barh(heights, medians, 0.25, color=color, label=side)
        for height, row, low in zip(heights, of_side, medians):
            latency.plot([low, row.milliseconds(0.99)], [height] * 2, color="black", linewidth=1)
    throughput.set_yticks(range(len(loads)), [load.replace(", ", "\n") for load in loads])
    throughput.invert_yaxis()
    throughput.set_xlabel("scores per second")
    latency.set_xlabel("milliseconds: p50, line to p99")
    for axes in (throughput, latency):
        axes.set_xscale("log")
    latency.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
