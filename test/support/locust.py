"""Runs of the load scenarios in test/load."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.environment import environment
from support.processes import ROOT

COMMAND = str(Path(sys.executable).parent / "locust")
FILE = ROOT / "test/load/locustfile.py"


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit status, and how many requests of each kind went out and failed."""

    status: int
    requests: dict[str, int]
    failures: dict[str, int]
    printed: str


def run_load(*users: str, url: str, seconds: int = 3, options: tuple[str, ...] = ()) -> Outcome:
    """Let four users of these kinds ask a server, almost without pauses."""
    command = [COMMAND, "-f", str(FILE), *users, "--host", url, "--headless", "--json"]
    command += ["--users", "4", "--spawn-rate", "4", "--run-time", f"{seconds}s"]
    done = subprocess.run(
        [*command, "--seconds-between", "0.05", *options],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    rows = json.loads(done.stdout or "[]")
    return Outcome(
        done.returncode,
        {row["name"]: row["num_requests"] for row in rows},
        {row["name"]: row["num_failures"] for row in rows},
        done.stderr,
    )
