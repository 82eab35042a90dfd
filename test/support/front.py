"""The front as a process, before model servers of real and of made-up ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from support.environment import environment
from support.ports import free_port
from support.processes import ROOT, Answer, call, stop, wait_until_ready

PROGRAM = ROOT / "ores/model-server/front.py"


class Front:
    """The front, started as production does; `servers` are entries of MODEL_SERVERS."""

    def __init__(self, log: Path, servers: str, settings: Mapping[str, str] = {}) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        defaults = {"DRAIN_DELAY_SECONDS": "0", "MODEL_SERVERS": servers}
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), "--http_port", str(self.port)],
                env=environment({**defaults, **settings}),
                stderr=stream,
                stdout=stream,
            )
        wait_until_ready(self.url, self.process, self.log)

    def get(self, path: str, headers: Mapping[str, str] = {}, **parameters: object) -> Answer:
        """GET, with parameters as a browser encodes them."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return call(self.url + path + query, headers=headers)

    def post(self, path: str, body: bytes, headers: Mapping[str, str] = {}) -> Answer:
        return call(self.url + path, body, headers)

    def metrics(self) -> dict[str, float]:
        """The front's own samples, by name and labels."""
        lines = call(f"{self.url}/metrics").body.decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if line.startswith("liftwing_front"))
        return {name: float(value) for name, _, value in pairs}

    def close(self) -> int:
        return stop(self.process)
