"""The Docker that the tests of this folder build with, and what containers are tested against."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import List

import pytest
from support import wikis
from support.containers import DemoServer
from support.environment import build_environment
from support.processes import ROOT
from support.services import make_models

# Fixtures, which pytest looks for here.
wiki_file = wikis.wiki_file
nasty = wikis.nasty

MODEL = "enwiki-goodfaith"


@pytest.fixture(scope="session")
def docker() -> List[str]:
    """Return the docker command; a Docker that does not answer is a failure, never a skip."""
    command = os.environ.get("DOCKER", "docker")
    done = subprocess.run(
        [command, "version", "--format", "{{.Server.Version}}"],
        env=build_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"Docker does not answer; see tools/images/README.md: {done.stderr.strip()}")
    return [command]


@pytest.fixture(scope="session")
def image(docker: List[str]) -> str:
    """The image of edit quality, built."""
    command = [sys.executable, str(ROOT / "tools/images/build.py"), "editquality"]
    built = subprocess.run(
        command, env=build_environment(), stderr=subprocess.PIPE, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return "editquality"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small model that the account of the container may read."""
    folder = tmp_path_factory.mktemp("served") / "models"
    make_models({str(folder / "model.bin"): ("enwiki", MODEL.split("-")[1])})
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def running_wiki(image: str, wiki_file: Path) -> Iterator[DemoServer]:
    mount = f"{wiki_file}:/wiki.sqlite:ro"
    server = DemoServer("liftwing_demo.wiki.server", "--db", "/wiki.sqlite", mounts=[mount])
    yield server
    server.close()


@pytest.fixture
def wiki(running_wiki: DemoServer) -> DemoServer:
    """The wiki in a container, without faults."""
    running_wiki.turn()
    return running_wiki
