"""What a model tells of itself, asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from support.light import light_environment
from support.processes import Answer, ModelServer, Wiki, call

QUERY = "maximum recall @ precision >= 0.6"


@pytest.fixture(scope="module")
def tested(
    tmp_path_factory: pytest.TempPathFactory, tested_model: Path, running_wiki: Wiki
) -> Iterator[ModelServer]:
    """A server of a model that has statistics, under another version than its own."""
    log = tmp_path_factory.mktemp("tested") / "log"
    settings = light_environment(tested_model, running_wiki)
    server = ModelServer(log, settings | {"MODEL_VERSION": "9.9"})
    yield server
    assert server.close() == 0, server.log.read_text()


def info(server: ModelServer, model_info: str, name: str = "enwiki-damaging") -> Answer:
    return call(f"{server.url}/v1/models/{name}/info?model_info={quote(model_info)}")


def test_information_has_the_shape_that_it_had_in_ores(tested: ModelServer) -> None:
    answer = call(f"{tested.url}/v1/models/enwiki-damaging/info")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    tree = answer.json["enwiki"]["models"]["damaging"]
    assert (tree["type"], tree["version"]) == ("GradientBoosting", "9.9")
    asked = f'version|statistics.thresholds.true."{QUERY}"'
    part = info(tested, asked).json["enwiki"]["models"]["damaging"]
    (element,) = part["statistics"]["thresholds"]["true"]
    assert part == {"version": "9.9", "statistics": {"thresholds": {"true": [element]}}}
    assert element["precision"] >= 0.6 > 0 < element["threshold"] < 1


def test_what_is_no_part_of_it_is_a_400_that_shows_the_grammar(tested: ModelServer) -> None:
    for wrong in ('statistics."maximum luck @ recall >= 1"', "nothing", "a..b"):
        answer = info(tested, wrong)
        assert answer.status == 400
        assert "(maximum|minimum) STATISTIC @ STATISTIC" in answer.json["error"]


def test_kserve_answers_for_the_model_as_before(tested: ModelServer) -> None:
    answer = call(f"{tested.url}/v1/models/enwiki-damaging")
    assert answer.json == {"name": "enwiki-damaging", "ready": True}
    unknown = info(tested, "version", "enwiki-goodfaith")
    assert (unknown.status, "does not exist" in unknown.json["error"]) == (404, True)
