#!/usr/bin/env python3
"""A Docker with the base image, with or without a container registry.

    tools/images/engine.py run COMMAND...          run a command that uses it, then stop it
    eval "$(sudo tools/images/engine.py start)"    use it
    tools/images/engine.py stop                    stop it; the data stays for the next start

A Docker that runs already and has the base image, or can fetch it, is used as it is. Otherwise,
as root, this starts one of its own: Debian's docker.io, everything in one folder, and a base image
made by debootstrap. `start` prints the variables by which docker, the tests and measure.py find it;
`run` sets them for the command, and leaves a Docker alone that it did not start.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
from typing import Dict, List, Mapping, Optional

from base_image import NAME, ensure_base
from docker_client import Client, client_with_buildkit
from docker_daemon import COMPOSE, DAEMON, Daemon, install_missing

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "build" / "docker"
PULL_SECONDS = 120
NETWORK_SECONDS = 90


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("run", "start", "stop"))
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="default: %(default)s")
    options = parser.parse_args()
    try:
        daemon = Daemon(options.folder)
        if options.action == "run":
            return run(daemon, options.command)
        if options.action == "stop":
            stop(daemon)
        else:
            for name, value in start(daemon).items():
                print(f"export {name}={shlex.quote(value)}")
    except (RuntimeError, OSError) as error:
        print(f"engine: {error}", file=sys.stderr)
        return 1
    return 0


def start(daemon: Daemon) -> Dict[str, str]:
    """Return the variables of a Docker that has the base image."""
    client = None if daemon.is_running() else _running_docker()
    if client is None:
        client = _own_docker(daemon)
    _ensure_compose(client)
    return {**client.environment(), "DOCKER_BUILD_NETWORK": _build_network(client)}


def run(daemon: Daemon, command: List[str]) -> int:
    """Run a command with those variables and return its exit status."""
    was_running = daemon.is_running()
    try:
        return subprocess.call(command, env={**os.environ, **start(daemon)})
    finally:
        if daemon.was_started() and not was_running:
            daemon.stop()


def stop(daemon: Daemon) -> None:
    """Stop the daemon of the folder, if there is one."""
    if not daemon.was_started():
        _say("no Docker of ours runs from that folder")
        return
    daemon.stop()
    _say("Docker is stopped")


def _running_docker() -> Optional[Client]:
    command = client_with_buildkit()
    if command is None:
        return None
    client = Client(command, os.environ.get("DOCKER_HOST", ""))
    if not client.answers():
        return None
    if client.has_image(NAME) or client.succeeds("pull", NAME, seconds=PULL_SECONDS):
        _say("a running Docker has the base image")
        return client
    _say("a running Docker cannot get the base image; starting another")
    return None


def _own_docker(daemon: Daemon) -> Client:
    if os.geteuid() != 0:
        raise RuntimeError("no Docker that has the base image; starting one needs root")
    _install(DAEMON)
    if not daemon.is_running():
        _say(f"starting dockerd in {daemon.folder}")
        daemon.start()
    if ensure_base(daemon.client, daemon.folder):
        _say(f"made {NAME}")
    return daemon.client


def _ensure_compose(client: Client) -> None:
    """Install docker-compose for root on Debian, unless Docker has a `compose` of its own."""
    may_install = os.geteuid() == 0 and shutil.which("apt-get")
    if may_install and not client.succeeds("compose", "version"):
        _install(COMPOSE)


def _install(commands: Mapping[str, str]) -> None:
    for package in install_missing(commands):
        _say(f"installed {package}")


def _build_network(client: Client) -> str:
    """Return `default` if containers reach Debian over the bridge, else `host`."""
    words = ("run", "--rm", "--network", "bridge", NAME, "apt-get", "update", "-qq")
    probe = (*words, "-o", "APT::Update::Error-Mode=any")
    return "default" if client.succeeds(*probe, seconds=NETWORK_SECONDS) else "host"


def _say(text: str) -> None:
    print(f"engine: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
