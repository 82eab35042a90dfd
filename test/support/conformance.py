"""Runs the conformance kit as a stranger would: in a process that knows nothing of this project."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.environment import environment
from support.processes import ROOT, ModelServer, stop

KIT = ROOT / "test/conformance"


@dataclass(frozen=True)
class Findings:
    """What became of a run: the checks that passed, failed and were skipped, and what it wrote."""

    passed: list[str]
    failed: list[str]
    skipped: list[str]
    output: str


class Kit:
    """A process that runs the kit as often as wanted: importing pytest takes a second."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("kit_process.py")
        # -P: the folder of support's modules is not to be searched for the kit's.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(program), str(KIT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )

    def run(
        self, server: ModelServer, *requests: dict[str, Any], flags: tuple[str, ...] = ()
    ) -> Findings:
        """What the kit finds; the requests are those that it is told of."""
        arguments = ["--url", server.url, "--grpc", f"127.0.0.1:{server.grpc_port}", *flags]
        for request in requests:
            arguments += ["--request", json.dumps(request)]
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(arguments).encode() + b"\n")
        self._process.stdin.flush()
        return Findings(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        stop(self._process)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
