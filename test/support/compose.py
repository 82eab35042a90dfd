"""`docker-compose up` in the foreground, as a reader runs it, on ports that are free."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.containers import docker
from support.environment import build_environment
from support.ports import free_port
from support.processes import ROOT

FILE = ROOT / "docker-compose.yml"
REVISIONS = "40"
POLL_SECONDS = 1.0


def services() -> dict[str, dict[str, Any]]:
    """Those that start without a profile."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
    return {name: it for name, it in found.items() if "profiles" not in it}


def command() -> list[str]:
    """docker-compose or, where there is none, Docker's own; neither is a failure, never a skip."""
    if found := shutil.which("docker-compose"):
        return [found]
    own = [os.environ.get("DOCKER", "docker"), "compose"]
    if subprocess.run([*own, "version"], env=build_environment(), capture_output=True).returncode:
        pytest.fail("there is no docker-compose; `apt-get install docker-compose` installs it")
    return own


class Project:
    """The services of docker-compose.yml with a name, ports and volumes of their own.

    The models are of few edits, which take a tenth of the time.
    """

    def __init__(self, log: Path) -> None:
        self.name = f"liftwing-test-{os.getpid()}"
        ports = re.findall(r"\$\{(\w*PORT):-(\d+)\}", FILE.read_text())
        self._ports = {default: str(free_port()) for _, default in ports}
        given = {variable: self._ports[default] for variable, default in ports}
        given |= {"COMPOSE_PROJECT_NAME": self.name, "REVISIONS": REVISIONS}
        self._environment = build_environment(given)
        self._log = log
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [*command(), "up"], cwd=ROOT, env=self._environment, stdout=stream, stderr=stream
            )

    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")

    def wait_until_healthy(self, seconds: float) -> None:
        """Poll until every service that stays up is healthy."""
        staying = {name for name, it in services().items() if "healthcheck" in it}
        give_up = time.monotonic() + seconds
        while staying != {name for name, status in self.containers() if "(healthy)" in status}:
            assert self._process.poll() is None and time.monotonic() < give_up, self.log()[-4000:]
            time.sleep(POLL_SECONDS)

    def containers(self) -> list[tuple[str, str]]:
        """The containers' services and what Docker says of each."""
        shown = docker(
            *("ps", "--all", "--filter", f"label=com.docker.compose.project={self.name}"),
            *("--format", '{{.Label "com.docker.compose.service"}}\t{{.Status}}'),
        )
        return [
            (name, status) for name, _, status in (it.partition("\t") for it in shown.splitlines())
        ]

    def url(self, port: int) -> str:
        """Where a service is that is documented to be on that port."""
        return f"http://127.0.0.1:{self._ports[str(port)]}"

    def paste(self, line: str) -> Any:
        """Run a line as documented, but for the port; returns the JSON that it prints."""
        here = re.sub(r"localhost:(\d+)", lambda found: f"localhost:{self._ports[found[1]]}", line)
        done = subprocess.run(
            here, shell=True, env=self._environment, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    def interrupt(self, seconds: float) -> None:
        """Ctrl-C, after which it must end by itself within that time."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still up {seconds:g} s after Ctrl-C:\n{self.log()[-2000:]}")

    def down(self) -> float:
        """Remove everything; returns how long that took."""
        started = time.monotonic()
        subprocess.run(
            [*command(), "down", "--volumes"],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            check=True,
        )
        if self._process.poll() is None:
            self._process.wait(30)
        return time.monotonic() - started
