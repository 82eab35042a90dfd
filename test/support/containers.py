"""Containers for tests: the images, that of edit quality by default, and what they talk to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.error import URLError

from support.environment import build_environment
from support.ports import free_port
from support.processes import FAMILY, ROOT, Answer, call, wait_until

IMAGE = FAMILY.folder
PYTHON = "/opt/lib/venv/bin/python3"
PORT = 8080
STOP_SECONDS = 35
HARDENED = (
    *("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--memory", "1g", "--cpus", "1"),
)


def docker(*words: str) -> str:
    """What the command prints; a failure is an error with its message."""
    command = [os.environ.get("DOCKER", "docker"), *words]
    done = subprocess.run(command, env=build_environment(), capture_output=True, text=True)
    assert done.returncode == 0, f"docker {words[0]}: {done.stdout[-2000:]}{done.stderr}"
    return done.stdout


def shell(script: str, image: str = IMAGE, user: str = "0") -> str:
    """What a shell prints in a new container of the image."""
    return docker("run", "--rm", "--user", user, "--entrypoint", "/bin/sh", image, "-c", script)


def python(code: str, *options: str, image: str = IMAGE) -> str:
    """What Python code prints in a new container of the image, as the account that it runs as."""
    return docker("run", "--rm", *options, "--entrypoint", PYTHON, image, "-c", code)


def preferred_port(port: int = PORT) -> int:
    """The port that the documentation names, or another if that one is taken."""
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("0.0.0.0", port))
        return port
    return free_port()


class Container:
    """A running container, which `close` removes whatever became of it."""

    def __init__(self, *words: str) -> None:
        self.id = docker("run", "--detach", *words).strip()

    @property
    def state(self) -> dict[str, Any]:
        """What Docker knows of its process and health."""
        return cast(dict[str, Any], json.loads(docker("inspect", self.id))[0]["State"])

    @property
    def address(self) -> str:
        """Where other containers reach it."""
        (details,) = json.loads(docker("inspect", self.id))
        return cast(str, details["NetworkSettings"]["IPAddress"])

    def log(self) -> str:
        """Both of its outputs."""
        words = [os.environ.get("DOCKER", "docker"), "logs", self.id]
        return subprocess.run(
            words,
            env=build_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ).stdout

    def run(self, *words: str) -> str:
        """What a further command prints in it."""
        return docker("exec", self.id, *words)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after the grace period."""
        docker("stop", "--time", str(STOP_SECONDS), self.id)

    def close(self) -> None:
        docker("rm", "--force", "--volumes", self.id)


class DemoServer(Container):
    """A server of the demo package, which the libraries of edit quality's image suffice for."""

    def __init__(self, module: str, *arguments: str, mounts: Sequence[str] = ()) -> None:
        volumes = [f"{ROOT}/demo:/demo:ro", *mounts]
        super().__init__(
            *(word for volume in volumes for word in ("--volume", volume)),
            *("--env", "PYTHONPATH=/demo", "--entrypoint", PYTHON, IMAGE, "-m", module),
            *("--host", "0.0.0.0", "--port", str(PORT), *arguments),
        )
        self.url = f"http://{self.address}:{PORT}"
        wait_until(lambda: "listening" in self.log(), 20, f"{module} listens")

    def turn(self, **knobs: Any) -> None:
        """Set these knobs and reset the others."""
        answer = call(f"{self.url}/_control/knobs", json.dumps(knobs).encode())
        assert answer.status == 200, answer.body


class ServerContainer(Container):
    """A server in a container, its port published on this machine."""

    def __init__(
        self,
        image: str,
        models: Path,
        environment: Mapping[str, object],
        flags: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        given = [w for name, value in environment.items() for w in ("--env", f"{name}={value}")]
        super().__init__(
            *("--publish", f"127.0.0.1:{port}:{PORT}", "--volume", f"{models}:/mnt/models:ro"),
            *(*given, *options, image, *flags),
        )

    def status_of(self, path: str) -> int:
        """The status of a GET; 0 while nothing answers."""
        return status_of(self.url + path)

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Poll, as a probe does."""
        give_up = time.monotonic() + seconds
        while self.status_of("/v2/health/ready") != 200:
            assert self.state["Running"] and time.monotonic() < give_up, self.log()
            time.sleep(0.05)


class ModelContainer(ServerContainer):
    """A server of one model of edit quality."""

    def __init__(self, models: Path, wiki_url: str, *options: str, model: str) -> None:
        self.model = model
        settings = {"INFERENCE_NAME": model, "WIKI_URL": wiki_url}
        super().__init__(IMAGE, models, settings, options=options)

    def predict(self, request: object) -> Answer:
        """POST a request."""
        return predict(self.url, self.model, request)


def predict(url: str, model: str, request: object) -> Answer:
    """POST a request to a model."""
    return call(f"{url}/v1/models/{model}:predict", json.dumps(request).encode())


def status_of(url: str) -> int:
    """The status of a GET; 0 while nothing answers."""
    try:
        return call(url).status
    except (URLError, ConnectionError):
        return 0
