"""A Docker daemon of our own: socket, data, bridge and process all belong to one folder."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from typing import Callable, List, Mapping

import docker_network as network
from docker_client import DEBIAN, Client

DAEMON = {
    "dockerd": "docker.io",
    DEBIAN: "docker.io",
    "debootstrap": "debootstrap",
    "iptables": "iptables",
    "ip": "iproute2",
}
COMPOSE = {"docker-compose": "docker-compose"}
START_SECONDS = 60.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.2
# A socket's path has 107 characters at most; the longest is exec/containerd/containerd-debug.sock.
LONGEST_FOLDER = 65


@dataclass(frozen=True)
class State:
    """What must be known to stop the daemon and to leave nothing behind."""

    pid: int
    bridge: str
    before: network.Before


class Daemon:
    """The daemon of a folder, running or not."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder.resolve()
        if len(str(self.folder)) > LONGEST_FOLDER:
            raise RuntimeError(f"the folder's path is too long for a socket: {self.folder}")
        self.client = Client(DEBIAN, f"unix://{self.folder}/docker.sock")
        self._state_file = self.folder / "state.json"

    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._state_file.exists() and self._is_ours(self._state().pid)

    def was_started(self) -> bool:
        """Whether there is something to stop or to clean up."""
        return self._state_file.exists()

    def start(self) -> None:
        """Start it and wait until it answers; without a firewall it gets no bridge."""
        self.folder.mkdir(parents=True, exist_ok=True)
        bridge = "lw-" + hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]
        before = network.look()
        network.make_bridge(bridge)
        if self._start(["--bridge", bridge], State(0, bridge, before)):
            return
        self._clean(State(0, bridge, before))
        if not self._start(["--bridge", "none", "--iptables=false"], State(0, bridge, before)):
            self._clean(State(0, bridge, before))
            raise RuntimeError(f"dockerd does not start; see {self.folder}/dockerd.log")

    def stop(self) -> None:
        """Stop it with its containers and remove what it left outside its folder's data."""
        state = self._state()
        if self._is_ours(state.pid):
            self._remove_containers()
            os.kill(state.pid, signal.SIGTERM)
            if not _wait(lambda: not self._is_ours(state.pid), STOP_SECONDS):
                raise RuntimeError(f"dockerd (process {state.pid}) does not stop")
        self._clean(state)
        self._state_file.unlink()

    def _start(self, options: List[str], state: State) -> bool:
        settings = self.folder / "daemon.json"
        settings.write_text(json.dumps({"features": {"buildkit": True}}))
        (self.folder / "docker.pid").unlink(missing_ok=True)
        with (self.folder / "dockerd.log").open("a") as log:
            process = subprocess.Popen(
                [
                    "dockerd",
                    *("--config-file", str(settings)),
                    *("--host", self.client.host),
                    *("--data-root", f"{self.folder}/data"),
                    *("--exec-root", f"{self.folder}/exec"),
                    *("--pidfile", f"{self.folder}/docker.pid"),
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        state = State(process.pid, state.bridge, state.before)
        self._state_file.write_text(json.dumps(asdict(state)))
        _wait(lambda: process.poll() is not None or self.client.answers(), START_SECONDS)
        if process.poll() is None and self.client.answers():
            return True
        process.terminate()
        process.wait(STOP_SECONDS)
        return False

    def _state(self) -> State:
        data = json.loads(self._state_file.read_text())
        return State(data["pid"], data["bridge"], network.Before(**data["before"]))

    def _is_ours(self, pid: int) -> bool:
        return self.client.host in _command_line(pid)

    def _remove_containers(self) -> None:
        containers = self.client.run("ps", "--all", "--quiet").split()
        if containers:
            self.client.run("rm", "--force", "--volumes", *containers)
        self.client.run("network", "prune", "--force")

    def _clean(self, state: State) -> None:
        mounts = pathlib.Path("/proc/self/mountinfo").read_text()
        for path in mounts_below(mounts, str(self.folder)):
            subprocess.run(["umount", "--lazy", path], check=False)
        network.put_back(state.before, state.bridge, alone=not _another_dockerd())
        network.remove_bridge(state.bridge)
        shutil.rmtree(self.folder / "exec", ignore_errors=True)
        (self.folder / "docker.sock").unlink(missing_ok=True)


def install_missing(commands: Mapping[str, str]) -> List[str]:
    """Install commands, given with their packages; return the packages that were missing."""
    missing = sorted({package for name, package in commands.items() if shutil.which(name) is None})
    if missing:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
        for words in (["apt-get", "update"], install):
            done = subprocess.run(
                words, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise RuntimeError(f"{' '.join(words)} failed: {done.stderr.strip()}")
    return missing


def mounts_below(mountinfo: str, folder: str) -> List[str]:
    """Return the mount points inside a folder, the innermost first."""
    points = [re.sub(r"\\040", " ", line.split()[4]) for line in mountinfo.splitlines()]
    return sorted((p for p in points if p.startswith(folder + "/")), key=len, reverse=True)


def _command_line(pid: int) -> List[str]:
    """Return the words of a process; one that has ended has none, though nobody waited for it."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def _another_dockerd() -> bool:
    processes = (int(path.name) for path in pathlib.Path("/proc").glob("[0-9]*"))
    return any(_command_line(pid)[:1] in (["dockerd"], ["/usr/bin/dockerd"]) for pid in processes)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(POLL_SECONDS)
    return condition()
