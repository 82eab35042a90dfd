"""The server's answer is, to the last bit, what the stock library says of the same revision."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.processes import Answer, ModelServer, Wiki
from support.services import MODELS, Start, make_models
from support.stock import stock_scores

PER_KIND = 8
ERROR_TEXTS = ("User", "Comment", "Text")


def chosen(nasty: dict[str, list[int]]) -> list[int]:
    """Some of each kind, spread over the history; all of the rare kinds."""
    some = [ids[:: max(1, len(ids) // PER_KIND)][:PER_KIND] for ids in nasty.values()]
    return sorted(set(itertools.chain(*some)))


def ask_all(
    server: ModelServer, names: Sequence[str], rev_ids: Sequence[int]
) -> dict[tuple[str, int], Answer]:
    pairs = [(name, rev_id) for rev_id in rev_ids for name in names]
    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(
            lambda pair: server.predict(pair[0], {"rev_id": pair[1], "extended_output": True}),
            pairs,
        )
        return dict(zip(pairs, answers))


def assert_equal(name: str, rev_id: int, answer: Answer, stock: dict[str, Any]) -> None:
    if "error" in stock:
        assert answer.status == 400, (name, rev_id, answer.body, stock)
        assert_same_refusal(rev_id, answer.json["error"], stock["error"])
        return
    assert answer.status == 200, (name, rev_id, answer.body)
    wiki, kind = name.split("-")
    entry = answer.json[wiki]["scores"][str(rev_id)][kind]
    # == on floats read from JSON is equality of bits: orjson writes the shortest exact form.
    assert entry["score"] == stock["score"], (name, rev_id)
    assert entry["features"] == stock["features"], (name, rev_id)


def assert_same_refusal(rev_id: int, ours: str, stock: str) -> None:
    """The stock library's reason in the contract's words."""
    if stock.startswith(f"RevisionNotFound: Could not find revision ({{revision}}:{rev_id})"):
        assert ours.startswith("The MW API does not have any info related to the rev-id"), ours
    else:
        assert ours == f"Missing resource for rev-id {rev_id}: {stock}"


@pytest.mark.timeout(600)
def test_scores_and_features_of_nasty_revisions_equal_the_stock_librarys(
    all_models_server: ModelServer,
    wiki: Wiki,
    nasty: dict[str, list[int]],
    model_files: dict[str, Path],
) -> None:
    rev_ids = chosen(nasty)
    assert len(rev_ids) >= 100
    assert all(nasty.values()), "a kind has no revision"

    stock = stock_scores(model_files, wiki.url, rev_ids)
    answers = ask_all(all_models_server, MODELS, rev_ids)

    for (name, rev_id), answer in answers.items():
        assert_equal(name, rev_id, answer, stock[name, rev_id])
    refused = {rev_id for (_, rev_id), answer in stock.items() if "error" in answer}
    assert 5 <= len(refused) < len(rev_ids) / 3


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("wiki_name", "kind"), [("dewiki", "damaging"), ("svwiki", "goodfaith")])
def test_scores_with_other_languages_feature_lists_equal_the_stock_librarys(
    wiki_name: str,
    kind: str,
    start: Start,
    wiki: Wiki,
    nasty: dict[str, list[int]],
    model_files: dict[str, Path],
    tmp_path: Path,
) -> None:
    name = f"{wiki_name}-{kind}"
    model_file = tmp_path / "model.bin"
    make_models({str(model_file): (wiki_name, kind)})
    rev_ids = sorted({ids[0] for ids in nasty.values()} | set(nasty["ordinary"][5:15]))

    server = start(INFERENCE_NAME=name, MODEL_PATH=model_file)
    stock = stock_scores({name: model_file}, wiki.url, rev_ids)
    answers = ask_all(server, [name], rev_ids)

    for (_, rev_id), answer in answers.items():
        assert_equal(name, rev_id, answer, stock[name, rev_id])
    assert sum(answer.status == 200 for answer in answers.values()) >= 15
