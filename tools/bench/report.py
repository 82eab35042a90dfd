"""What people look at: a table, a picture, and the figures as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from server import Measured


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one side and one load: requests per second and milliseconds."""

    rps: float
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, rounds: Sequence[Measured]) -> Figures:
        """The median of the rounds' throughputs; percentiles over all their requests."""
        seconds = sorted(second for measured in rounds for second in measured.seconds)

        def percentile(share: float) -> float:
            return 1000 * seconds[min(len(seconds) - 1, int(share * len(seconds)))]

        rps = statistics.median(measured.rps for measured in rounds)
        return cls(rps, percentile(0.5), percentile(0.95), percentile(0.99))


@dataclass(frozen=True, slots=True)
class Row:
    """A load, measured on both sides."""

    load: str
    server: Figures
    library: Figures

    @property
    def throughput_ratio(self) -> float:
        """How many times the library's requests per second the server answers."""
        return self.server.rps / self.library.rps


@dataclass(frozen=True, slots=True)
class Liveness:
    """Worst waits in milliseconds."""

    idle_worst: float
    busy_worst: float
    probes: int


def show(rows: Sequence[Row], liveness: Liveness, folder: Path) -> None:
    """Print the table, and write bench.json and bench.png into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    Console(width=150).print(_table(rows, liveness))
    document = {"rows": [asdict(row) for row in rows], "liveness": asdict(liveness)}
    (folder / "bench.json").write_text(json.dumps(document, indent=2))
    _draw(rows, folder / "bench.png")


def _table(rows: Sequence[Row], liveness: Liveness) -> Table:
    table = Table(
        "load",
        "server rps",
        "p50/p95/p99 ms",
        "library rps",
        "p50/p95/p99 ms",
        "throughput",
        "p50",
        caption=(
            f"liveness beside four 180 kB revisions, worst of {liveness.probes} scheduled probes: "
            f"{liveness.busy_worst:.0f} ms; idle: {liveness.idle_worst:.0f} ms"
        ),
    )
    for row in rows:
        table.add_row(
            row.load,
            f"{row.server.rps:.1f}",
            _latencies(row.server),
            f"{row.library.rps:.1f}",
            _latencies(row.library),
            f"x {row.throughput_ratio:.1f}",
            f"x {row.server.p50 / row.library.p50:.2f}",
        )
    return table


def _latencies(figures: Figures) -> str:
    return f"{figures.p50:.0f} / {figures.p95:.0f} / {figures.p99:.0f}"


def _draw(rows: Sequence[Row], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (throughput, latency) = pyplot.subplots(1, 2, figsize=(13, 4.2), sharey=True)
    places = range(len(rows))
    for offset, side, color in ((-0.2, "library", "#999999"), (0.2, "server", "#3366cc")):
        figures = [getattr(row, side) for row in rows]
        heights = [place - offset for place in places]
        throughput.barh(heights, [f.rps for f in figures], 0.38, color=color, label=side)
        latency.barh(heights, [f.p50 for f in figures], 0.38, color=color, label=side)
        for height, f in zip(heights, figures):
            latency.plot([f.p50, f.p99], [height, height], color="black", linewidth=1)
    throughput.set_yticks(
        list(places), [row.load.replace(" of a mix", "\nof a mix") for row in rows]
    )
    throughput.invert_yaxis()
    throughput.set_xlabel("requests per second")
    latency.set_xlabel("milliseconds: p50, line to p99")
    latency.set_xscale("log")
    latency.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
