"""Real servers for tests: started on free ports of 127.0.0.1, stopped by pid."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liftwing_demo import checkout
from liftwing_demo.listening import FLAGS, CannotListen, Listening
from liftwing_serving.revscoring import families
from support.environment import environment
from support.ports import free_port

ROOT = checkout.ROOT
FAMILY = families.EDITQUALITY
MODEL_SERVER = checkout.model_server(FAMILY)
START_SECONDS = 60.0


def free_demo_ports() -> tuple[int, int, int, int]:
    """For a demo: HTTP, gRPC, the wiki's, and the first of four for the outlink pair.

    Those of front and EventGate, six and seven after HTTP, are free, too.
    """
    while True:
        first = free_port()
        try:
            Listening(
                http=first + 4, grpc=first + 5, wiki=first + 6, outlinks=first, front=first + 10
            ).require_free(FLAGS)
        except CannotListen:
            continue
        return first + 4, first + 5, first + 6, first


@dataclass
class Answer:
    """A status, headers with lower-case names, and the body as JSON where it is JSON."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    url: str,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> Answer:
    """GET, or POST if there is data; an error status is an answer like any other."""
    request = urllib.request.Request(url, data=data, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return _answer(response)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error)


def _answer(response: Any) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, response.read())


def stop(process: subprocess.Popen[bytes], seconds: float = 15) -> int:
    """SIGTERM, then SIGKILL if it does not help in time."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


class Controlled:
    """A demo server as a process of its own, with knobs; it says on its first line where it is."""

    RESETTABLE: tuple[str, ...] = ("knobs", "calls")

    def __init__(self, module: str, *options: str) -> None:
        command = [sys.executable, "-m", module, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment())
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().decode().split()[-1]

    def turn(self, **knobs: Any) -> None:
        """Set these knobs and reset the others."""
        answer = call(f"{self.url}/_control/knobs", json.dumps(knobs).encode())
        assert answer.status == 200, answer.body

    def calls(self) -> Any:
        """What was asked since the last reset."""
        return call(f"{self.url}/_control/calls").json

    def reset(self) -> None:
        """No faults, nothing remembered."""
        for path in self.RESETTABLE:
            request = urllib.request.Request(f"{self.url}/_control/{path}", method="DELETE")
            urllib.request.urlopen(request).close()

    def close(self) -> None:
        stop(self.process)
        assert self.process.stdout is not None
        self.process.stdout.close()


class Wiki(Controlled):
    """The demo wiki, and others at the same address that answer for their own hosts."""

    def __init__(self, *files: Path) -> None:
        databases = [option for file in files for option in ("--db", str(file))]
        super().__init__("liftwing_demo.wiki.server", *databases)


class EventGate(Controlled):
    """The demo EventGate."""

    RESETTABLE: tuple[str, ...] = ("knobs", "calls", "events")

    def __init__(self, *options: str) -> None:
        super().__init__("liftwing_demo.eventgate.server", "--quiet", *options)

    def events(self) -> list[dict[str, Any]]:
        """What it accepted since the last reset."""
        events: list[dict[str, Any]] = call(f"{self.url}/_control/events").json["events"]
        return events


class ModelServer:
    """A model server started as production does: `python model.py` and an environment."""

    def __init__(
        self,
        log: Path,
        settings: Mapping[str, str],
        flags: Sequence[str] = (),
        wait: bool = True,
        program: Path = MODEL_SERVER,
        port: int = 0,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        # Nothing is kept where a test does not ask for it, or it would test the cache.
        defaults = {"DRAIN_DELAY_SECONDS": "0", "ASYNCIO_AUX_WORKERS": "2", "CACHE_BYTES": "0"}
        self.grpc_port = free_port()
        ports = ["--http_port", str(self.port), "--grpc_port", str(self.grpc_port)]
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, str(program), *ports, *flags],
                env=environment({**defaults, **settings}),
                stderr=stream,
                stdout=stream,
            )
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        wait_until_ready(self.url, self.process, self.log)

    def predict(self, model: str, request: object, timeout: float = 60) -> Answer:
        """POST a request, as JSON unless it is bytes already."""
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        return call(f"{self.url}/v1/models/{model}:predict", body, timeout=timeout)

    def metrics(self) -> dict[str, float]:
        """This project's samples, by name and labels."""
        lines = call(f"{self.url}/metrics").body.decode().splitlines()
        return {
            name: float(value)
            for name, _, value in (line.rpartition(" ") for line in lines)
            if name.startswith("liftwing_")
        }

    def template_pid(self) -> int:
        """The child of the server that leads a process group, which the workers belong to."""
        (pid,) = [pid for pid in children(self.process.pid) if os.getpgid(pid) == pid]
        return pid

    def worker_pids(self) -> list[int]:
        return children(self.template_pid())

    def log_lines(self) -> list[dict[str, Any]]:
        """The log until now, which must be JSON line by line.

        Lines are written some time after they are logged, but in order: so one more is caused and
        waited for.
        """
        last = f"end-{uuid.uuid4()}"
        if self.process.poll() is None:
            call(f"{self.url}/v1/models/none:predict", b"{}", {"X-Request-Id": last})
            wait_until(lambda: last in self.log.read_text(), 60, "the log is written")
        text, caused, _ = self.log.read_text().partition(last)
        if caused:
            text = text.rpartition("\n")[0]
        return [json.loads(line) for line in text.splitlines()]

    def close(self) -> int:
        return stop(self.process)


def processes() -> Iterator[tuple[int, str, int]]:
    """Process id, state (Z is a zombie) and parent of all that run now."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = Path("/proc", name, "stat").read_text()
        except OSError:
            continue
        state, parent = text.rpartition(")")[2].split()[:2]
        yield int(name), state, int(parent)


def children(pid: int) -> list[int]:
    """Process ids of the direct children, zombies left out."""
    return sorted(id_ for id_, state, parent in processes() if parent == pid and state != "Z")


def exists(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def cpu_time(pid: int) -> int:
    """Hundredths of a second that the process has computed; none if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return sum(map(int, text.rpartition(")")[2].split()[11:13]))


def resident_bytes(pid: int) -> int:
    """How much memory the process has at present."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server says that it takes requests; fail with its log if it ends instead."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        assert process.poll() is None, log.read_text()
        try:
            if call(f"{url}/v2/health/ready").status == 200:
                return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.02)
    raise AssertionError(f"not ready: {log.read_text()}")


def wait_until(condition: Any, seconds: float, what: str) -> float:
    """Seconds until the condition held."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return time.monotonic() - started
