"""Every family's server keeps the contract, as far as the conformance kit can tell."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving.revscoring.families import FAMILIES, Family
from support import outlink
from support.conformance import Kit
from support.light import PATIENCE
from support.processes import ROOT, ModelServer, Wiki

UNIVERSAL = ROOT / "revscoring/model-server/model.py"
# Whose waiting is tested: this server alone, as it takes so long.
DEADLINE = 5.0
OF_OTHER_MODELS = ("test_texts.py", "test_features_are_shown")


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    kit = Kit()
    yield kit
    kit.close()


def assert_conforms(
    kit: Kit, server: ModelServer, *requests: dict[str, Any], flags: tuple[str, ...] = ()
) -> None:
    """No check fails, and but for those of other models only the one of bodies' times is left."""
    found = kit.run(server, *requests, flags=flags)
    assert found.failed == [], found.output
    left = [name for name in found.skipped if not any(one in name for one in OF_OTHER_MODELS)]
    timed = ["test_limits.py::test_a_body_has_to_come_in_time"]
    assert left == ([] if "--deadline" in flags else timed)
    assert len(found.passed) > 110


@contextmanager
def revscoring_server(
    log: Path, name: str, model: Path, wiki: Wiki, program: Path
) -> Iterator[ModelServer]:
    settings = {"INFERENCE_NAME": name, "MODEL_PATH": str(model), "WIKI_URL": wiki.url}
    server = ModelServer(log, settings | PATIENCE, program=program)
    yield server
    assert server.close() == 0, log.read_text()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.folder)
def test_a_family_keeps_the_contract(
    kit: Kit,
    tmp_path: Path,
    wiki: Wiki,
    light_model: Path,
    nasty: dict[str, list[int]],
    family: Family,
) -> None:
    program = ROOT / "revscoring" / family.folder / "model-server/model.py"
    name = f"enwiki-{family.example}"
    with revscoring_server(tmp_path / "log", name, light_model, wiki, program) as server:
        assert_conforms(kit, server, *({"rev_id": rev_id} for rev_id in nasty["ordinary"][:3]))


def test_the_universal_server_keeps_the_contract(
    kit: Kit, tmp_path: Path, wiki: Wiki, light_model: Path, nasty: dict[str, list[int]]
) -> None:
    with revscoring_server(
        tmp_path / "log", "enwiki-goodfaith", light_model, wiki, UNIVERSAL
    ) as server:
        assert_conforms(kit, server, *({"rev_id": rev_id} for rev_id in nasty["ordinary"][:3]))


def titles(wiki_file: Path) -> list[str]:
    """Of articles that link to others."""
    with sqlite3.connect(wiki_file) as database:
        rows = database.execute(
            "SELECT p.title FROM page p JOIN revision r ON r.page_id = p.page_id"
            " WHERE p.namespace = 0 AND r.size > 20000 GROUP BY p.page_id"
            " ORDER BY p.page_id LIMIT 2"
        )
        return [title for title, in rows]


def test_the_outlink_pair_keeps_the_contract(
    kit: Kit, tmp_path: Path, wiki: Wiki, wiki_file: Path
) -> None:
    """By the requests that the documents of both servers show, and by articles of the wiki."""
    model = tmp_path / "model.bin"
    outlink.write_topic_model(model)
    settings = {"REQUEST_DEADLINE_SECONDS": f"{DEADLINE:g}", "WIKI_URL": wiki.url}
    articles = [{"lang": "en", "page_title": title} for title in titles(wiki_file)]
    predictor = outlink.start_predictor(tmp_path / "predictor.log", model)
    try:
        address = f"127.0.0.1:{predictor.port}"
        transformer = outlink.start_transformer(tmp_path / "log", address, **settings)
        try:
            assert_conforms(kit, predictor)
            timed = ("--deadline", f"{DEADLINE:g}")
            assert_conforms(kit, transformer, *articles, flags=timed)
        finally:
            assert transformer.close() == 0
    finally:
        assert predictor.close() == 0
