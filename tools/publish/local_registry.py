#!/usr/bin/env python3
"""A registry to try publishing with: Debian's docker-registry, on this machine only.

    tools/publish/local_registry.py [--port 5000] [--folder build/registry]

It runs until Ctrl-C. The package is unpacked into the folder and not installed: installing it would
start a service. What is published stays in the folder.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "docker-registry"
START_SECONDS = 20.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05


def main() -> int:
    """Run the registry until it is interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=5000, help="default: %(default)s")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build/registry")
    options = parser.parse_args()
    try:
        with running(options.folder, options.port) as process:
            print(f"registry: 127.0.0.1:{options.port}, until Ctrl-C", flush=True)
            return process.wait()
    except KeyboardInterrupt:
        return 0
    except (OSError, RuntimeError) as error:
        print(f"registry: {error}", file=sys.stderr)
        return 1


@contextlib.contextmanager
def running(
    folder: pathlib.Path, port: int, passwords: pathlib.Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a registry whose data are in the folder, and stop it in the end."""
    program = unpacked()
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "config.yml"
    settings.write_text(json.dumps(configuration(folder.resolve(), port, passwords)))
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [program, "serve", settings], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _wait_for(process, port, folder / "log")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def configuration(
    folder: pathlib.Path, port: int, passwords: pathlib.Path | None
) -> dict[str, object]:
    """Return the settings of the registry; JSON is YAML."""
    made: dict[str, object] = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": f"{folder}/data"}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if passwords:
        made["auth"] = {"htpasswd": {"realm": "registry", "path": str(passwords)}}
    return made


def unpacked() -> pathlib.Path:
    """Return the program; fetch and unpack Debian's package where it is missing."""
    if installed := shutil.which(PACKAGE):
        return pathlib.Path(installed)
    place = ROOT / "build/docker-registry"
    program = place / "usr/bin" / PACKAGE
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        _fetch(place)
        (archive,) = place.glob("*.deb")
        _must("dpkg-deb", "--extract", str(archive), str(place))
        archive.unlink()
    return program


def _fetch(folder: pathlib.Path) -> None:
    """Download the package; the lists are fetched only where they are absent or stale."""
    words = ("apt-get", "download", "-qq", PACKAGE)
    try:
        _must(*words, folder=folder)
    except RuntimeError:
        if os.geteuid() != 0:
            raise
        _must("apt-get", "update", "-qq")
        _must(*words, folder=folder)


def _must(*words: str, folder: pathlib.Path = ROOT) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(words)}` failed: {done.stderr.strip()}")


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: pathlib.Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"the registry does not start; see {log}")
        time.sleep(POLL_SECONDS)


def _answers(port: int) -> bool:
    """Whether it answers; one with passwords does so by asking for one."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/v2/", timeout=1):
            return True
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 401
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
