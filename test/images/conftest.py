"""The Docker that the tests of this folder build with, and what containers are tested against."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import List

import pytest
from support import kept as keeping
from support import wikis
from support.containers import DemoServer
from support.environment import build_environment
from support.processes import ROOT
from support.services import make_models

sys.path.insert(0, str(ROOT / "tools/images"))

from inventory import images  # noqa: E402

# Fixtures, which pytest looks for here.
kept = keeping.kept
wiki_file = wikis.wiki_file
items_file = wikis.items_file
nasty = wikis.nasty

Built = Callable[..., str]

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
def built(docker: List[str]) -> Built:
    """Builds a variant of an image the first time that a test asks for it, and says its tag."""

    @cache
    def build(image: str, variant: str = "production") -> str:
        command = [sys.executable, str(ROOT / "tools/images/build.py"), image, variant]
        done = subprocess.run(
            command, env=build_environment(), stderr=subprocess.PIPE, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return image if variant == "production" else f"{image}-{variant}"

    return build


@pytest.fixture(scope="session")
def image(built: Built) -> str:
    """The image of edit quality, built."""
    return built("editquality")


@pytest.fixture(scope="session", params=images())
def each_image(built: Built, request: pytest.FixtureRequest) -> str:
    """The images one after another, built."""
    return built(request.param)


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
