"""200 revisions, a model that scores them in a moment, and a server of it: to tell each from each.

Fixtures; a folder's conftest imports those that it wants.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.kept import Kept
from support.processes import ModelServer, Wiki
from support.services import make_model
from support.stock import stock_scores

NAME = "enwiki-damaging"
# For a machine on which everything is slow at once.
PATIENCE = {"REQUEST_DEADLINE_SECONDS": "200"}


@pytest.fixture(scope="session")
def light_model(kept: Kept) -> Path:
    return kept.path("light.bin", partial(make_model, "write_light_model"))


@pytest.fixture(scope="session")
def light_stock(
    kept: Kept,
    running_wiki: Wiki,
    wiki_file: Path,
    light_model: Path,
    nasty: dict[str, list[int]],
) -> dict[int, dict[str, Any]]:
    """By revision what the stock library says, `score` and `features`; almost no two are alike."""
    running_wiki.reset()
    rev_ids = nasty["ordinary"][:200]
    ask = partial(stock_scores, {NAME: light_model}, running_wiki.url, rev_ids)
    answers = kept.answers("light", ask, light_model, wiki_file, rev_ids)
    stock = {rev_id: answers[NAME, rev_id] for rev_id in rev_ids}
    assert len(stock) == 200
    different = {answer["score"]["probability"]["true"] for answer in stock.values()}
    assert len(different) > 180, "a mix-up might not show"
    return stock


@pytest.fixture(scope="session")
def light_server(
    tmp_path_factory: pytest.TempPathFactory, running_wiki: Wiki, light_model: Path
) -> Iterator[ModelServer]:
    """A server of the light model, for tests that leave it as they found it."""
    yield from serve_light(
        tmp_path_factory.mktemp("light") / "server.log", light_model, running_wiki
    )


def serve_light(log: Path, model: Path, wiki: Wiki) -> Iterator[ModelServer]:
    """A server of the light model over a wiki, which has to end well."""
    server = ModelServer(log, light_environment(model, wiki))
    yield server
    assert server.close() == 0, log.read_text()


def light_environment(model: Path, wiki: Wiki) -> dict[str, str]:
    return {"INFERENCE_NAME": NAME, "MODEL_PATH": str(model), "WIKI_URL": wiki.url} | PATIENCE


def answer_to(
    rev_id: int, stock: dict[int, dict[str, Any]], extended: bool = False
) -> dict[str, Any]:
    """The V1 answer with the stock library's score."""
    shown = ("score", "features") if extended else ("score",)
    answer = {name: stock[rev_id][name] for name in shown}
    wiki, model = NAME.split("-")
    scores = {str(rev_id): {model: answer}}
    return {wiki: {"models": {model: {"version": "0.0.1"}}, "scores": scores}}
