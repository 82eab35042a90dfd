"""What processes cost: of each, and of all that it started."""

from __future__ import annotations

import os
import re
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    parents = {int(name): _parent(int(name)) for name in os.listdir("/proc") if name.isdigit()}
    found = [pid]
    for member in found:
        found += [it for it, parent in parents.items() if parent == member]
    return found


def cpu_seconds(pid: int) -> float:
    """Seconds that they have computed, with those of ended children that were waited for."""
    return sum(sum(map(int, _stat(it)[11:15])) for it in tree(pid)) / TICKS


def own_cpu_seconds(pid: int) -> float:
    """Seconds that this one process has computed."""
    return sum(map(int, _stat(pid)[11:13])) / TICKS


def all_mebibytes(pid: int) -> float:
    """The memory of them all."""
    return sum(map(mebibytes, tree(pid)))


def mebibytes(pid: int) -> float:
    """One process's memory, what several have in common being shared out among them (PSS)."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss: +(\d+)", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0


def _parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """The fields after the name, the state first; of a process that is gone as if it had none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 50
