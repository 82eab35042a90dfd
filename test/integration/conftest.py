"""A wiki, models and a server for all tests of this folder; each started once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support import kept as keeping
from support import light, wikis
from support.kept import Kept
from support.processes import ModelServer, Wiki
from support.services import MODELS, Start, environment_for, make_model, make_models

# Fixtures, which pytest looks for here.
kept = keeping.kept
wiki_file = wikis.wiki_file
nasty = wikis.nasty
light_model = light.light_model
light_stock = light.light_stock
light_server = light.light_server


@pytest.fixture(scope="session")
def running_wiki(wiki_file: Path) -> Iterator[Wiki]:
    wiki = Wiki(wiki_file)
    yield wiki
    wiki.close()


@pytest.fixture
def wiki(running_wiki: Wiki) -> Wiki:
    """The wiki, without faults."""
    running_wiki.reset()
    return running_wiki


@pytest.fixture(scope="session")
def model_files(kept: Kept) -> dict[str, Path]:
    """Small models by service name, in the layout of MODEL_PATH for several models."""

    def make(folder: Path) -> None:
        wanted = {name: ("enwiki", name.split("-")[1]) for name in MODELS}
        make_models({str(folder / name / "model.bin"): what for name, what in wanted.items()})

    folder = kept.path("models", make)
    return {name: folder / name / "model.bin" for name in MODELS}


@pytest.fixture(scope="session")
def tested_model(kept: Kept) -> Path:
    """A small model that has statistics."""
    return kept.path("tested.bin", partial(make_model, "write_tested_model"))


@pytest.fixture
def start(
    tmp_path: Path, running_wiki: Wiki, wiki: Wiki, model_files: dict[str, Path]
) -> Iterator[Start]:
    """Starts servers of a test's own; keyword arguments are environment variables."""
    servers: list[ModelServer] = []

    def start_server(
        models: str = "enwiki-damaging", flags: tuple[str, ...] = (), **environment: Any
    ) -> ModelServer:
        log = tmp_path / f"server{len(servers)}.log"
        server = ModelServer(log, environment_for(models, model_files, wiki, environment), flags)
        servers.append(server)
        return server

    yield start_server
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def all_models_server(
    tmp_path_factory: pytest.TempPathFactory, running_wiki: Wiki, model_files: dict[str, Path]
) -> Iterator[ModelServer]:
    """One server of all three models, for tests that leave it as they found it."""
    log = tmp_path_factory.mktemp("server") / "server.log"
    settings = environment_for(",".join(MODELS), model_files, running_wiki, light.PATIENCE)
    server = ModelServer(log, settings)
    yield server
    assert server.close() == 0, log.read_text()
