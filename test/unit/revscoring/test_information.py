"""Which parts of a model's information are asked for, and what the parts hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving.errors import BadRequest
from liftwing_serving.revscoring.describing import describe
from liftwing_serving.revscoring.information import GRAMMAR, MAX_PATHS, parse_paths
from support.models import write_tested_model

QUERY = "maximum recall @ precision >= 0.6"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return write_tested_model(tmp_path_factory.mktemp("model") / "model.bin")


def told(model: Any, text: str) -> Any:
    return describe(model, "7", parse_paths(text))


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("", ()),
        (" ", ()),
        ("version|statistics.roc_auc", (("version",), ("statistics", "roc_auc"))),
        (f'statistics.thresholds.true."{QUERY}"', (("statistics", "thresholds", "true", QUERY),)),
        ("statistics.'maximum !f1 @ fpr <= .5'", (("statistics", "maximum !f1 @ fpr <= .5"),)),
        ('a."Culture.Arts*"', (("a", "Culture.Arts*"),)),
    ],
)
def test_paths_are_read_as_ores_read_them(text: str, paths: object) -> None:
    assert parse_paths(text) == paths


@pytest.mark.parametrize(
    "text",
    [
        *("a..b", ".a", "a.", "|", "a|", 'a."b', 'a.b"', "a.''"),
        'statistics."maximum recall at precision >= 0.9"',
        'statistics."maximum recall @ precision > 0.9"',
        'statistics."maximum luck @ precision >= 0.9"',
        'statistics."maximum recall @ roc_auc >= 0.9"',
        'statistics."maximum recall @ precision >= 0.9 or so"',
        'statistics."the maximum recall @ precision >= 0.9"',
    ],
)
def test_what_is_no_path_is_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_paths(text)
    assert GRAMMAR in caught.value.message


def test_there_may_be_so_many_paths_and_no_more() -> None:
    assert len(parse_paths("|".join(["a"] * MAX_PATHS))) == MAX_PATHS
    with pytest.raises(BadRequest):
        parse_paths("|".join(["a"] * (MAX_PATHS + 1)))


def test_the_whole_tree_can_be_written_as_json(model: Any) -> None:
    tree = told(model, "")
    assert list(tree) == [
        *("type", "version", "params", "environment", "statistics", "score_schema")
    ]
    assert tree["type"] == "GradientBoosting"
    assert tree["params"]["labels"] == [True, False]
    assert tree["environment"]["revscoring_version"] == "2.11.13"
    assert tree["score_schema"]["properties"]["prediction"]["type"] == "boolean"
    assert set(tree["statistics"]) >= {"counts", "rates", "recall", "!f1", "roc_auc", "pr_auc"}
    assert "thresholds" not in tree["statistics"]
    assert set(tree["statistics"]["counts"]["labels"]) == {"true", "false"}
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


def test_the_version_is_the_one_that_the_server_reports(model: Any) -> None:
    assert told(model, "version") == {"version": "7"}
    assert told(model, "type") == {"type": "GradientBoosting"}


def test_queries_for_a_label_are_answered_in_their_order(model: Any) -> None:
    queries = [QUERY, "maximum recall @ precision >= 1.5", "minimum match_rate @ recall >= 0.9"]
    asked = "|".join(f'statistics.thresholds.true."{query}"' for query in [*queries, QUERY])
    first, none, last = told(model, asked)["statistics"]["thresholds"]["true"]
    assert none is None
    rows = told(model, "statistics.thresholds.true")["statistics"]["thresholds"]["true"]
    precise = [row for row in rows if row["precision"] is not None and row["precision"] >= 0.6]
    assert first["recall"] == max(row["recall"] for row in precise)
    recalling = [row for row in rows if row["recall"] >= 0.9]
    assert last["match_rate"] == min(row["match_rate"] for row in recalling)
    assert set(first) == {
        *("threshold", "match_rate", "filter_rate", "precision", "!precision"),
        *("recall", "!recall", "accuracy", "fpr", "f1", "!f1"),
    }


def test_a_query_over_all_labels_tells_what_it_attains(model: Any) -> None:
    attained = told(model, f'statistics."{QUERY}"')["statistics"][QUERY]
    assert set(attained) == {"micro", "macro", "labels"}
    assert set(attained["labels"]) == {"true", "false"}


@pytest.mark.parametrize(
    "text",
    [
        *("nothing", "version|nothing", "statistics.nothing", "environment.nothing"),
        *("statistics.thresholds.maybe", f'statistics.thresholds.maybe."{QUERY}"'),
        *("statistics.thresholds.true.nothing", "statistics.rates.nothing"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_with_the_grammar(model: Any, text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        told(model, text)
    assert GRAMMAR in caught.value.message


def test_a_model_without_statistics_has_an_empty_branch(tmp_path: Path) -> None:
    from support.models import write_revision_model
    from revscoring.scoring.models.model import Model

    write_revision_model(tmp_path / "model.bin")
    with (tmp_path / "model.bin").open("rb") as stream:
        untested = Model.load(stream)
    assert told(untested, "statistics") == {"statistics": {}}
    with pytest.raises(BadRequest):
        told(untested, f'statistics."{QUERY}"')
