"""What a built image contains, and what the lock says of it."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from build import docker_command
from liftwing_pipeline.errors import PipelineError

INSIDE = pathlib.Path(__file__).with_name("inside.py")
PYTHON = "/opt/lib/venv/bin/python3"
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class PythonPackage:
    """An installed distribution; `expression`, `license` and `classifiers` tell its licence."""

    name: str
    version: str
    expression: str | None
    license: str | None
    classifiers: tuple[str, ...]


@dataclass(frozen=True)
class DebianPackage:
    """An installed package, and the source package that it was built from."""

    name: str
    version: str
    architecture: str
    source: str


@dataclass(frozen=True)
class Contents:
    """What is in an image. `corpora` tells where each came from."""

    created: datetime
    distribution: str
    python: tuple[PythonPackage, ...]
    debian: tuple[DebianPackage, ...]
    corpora: Mapping[str, str]


def contents_of(image: str) -> Contents:
    """Ask an image's own Python what is installed."""
    created = _docker("image", "inspect", "--format", "{{.Created}}", image).strip()
    options = ("--rm", "--network", "none", "--entrypoint", PYTHON)
    told = json.loads(_docker("run", *options, image, "-c", INSIDE.read_text()))
    return Contents(
        # Docker tells nanoseconds, of which Python reads six digits.
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", created)),
        told["distribution"],
        tuple(
            PythonPackage(**{**package, "classifiers": tuple(package["classifiers"])})
            for package in told["python"]
        ),
        tuple(DebianPackage(**package) for package in told["debian"]),
        told["corpora"],
    )


def locked_hashes(lock: str) -> dict[str, tuple[str, ...]]:
    """Return the hashes of the files that a lock lets pip install, by normalized name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in lock.splitlines():
        if entry := LOCKED.match(line):
            name = normalized(entry[1])
        found.setdefault(name, []).extend(HASH.findall(line))
    return {name: tuple(hashes) for name, hashes in found.items() if name}


def normalized(name: str) -> str:
    """Return the name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _docker(*words: str) -> str:
    command = [docker_command(), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PipelineError(f"docker {words[0]} failed: {done.stderr.strip()}")
    return done.stdout
