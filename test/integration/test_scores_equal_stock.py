"""The server's answer is, to the last bit, what the stock library says of the same revision."""

from __future__ import annotations

import itertools
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.kept import Kept
from support.light import PATIENCE
from support.processes import Answer, ModelServer, Wiki, call
from support.services import MODELS, Start, make_models
from support.stock import ask_all, assert_equal, stock_scores

PER_KIND = 3
BATCH = 20
# As many as the route of several models takes at a time.
MANY = 50

Stock = dict[tuple[str, int], dict[str, Any]]


def chosen(nasty: dict[str, list[int]]) -> list[int]:
    """Some of each kind, spread over the history; all of the rare kinds."""
    some = [ids[:: max(1, len(ids) // PER_KIND)][:PER_KIND] for ids in nasty.values()]
    return sorted(set(itertools.chain(*some)))


@pytest.fixture(scope="module")
def nasty_stock(
    kept: Kept,
    running_wiki: Wiki,
    wiki_file: Path,
    nasty: dict[str, list[int]],
    model_files: dict[str, Path],
) -> Stock:
    rev_ids = chosen(nasty)
    assert len(rev_ids) >= 45
    assert all(nasty.values()), "a kind has no revision"
    running_wiki.reset()
    ask = partial(stock_scores, model_files, running_wiki.url, rev_ids)
    return kept.answers("nasty", ask, *model_files.values(), wiki_file, rev_ids)


@pytest.mark.timeout(600)
def test_scores_and_features_of_nasty_revisions_equal_the_stock_librarys(
    all_models_server: ModelServer, wiki: Wiki, nasty_stock: Stock
) -> None:
    """Each revision asked of one model; the others' are in the next test."""
    rev_ids = sorted({rev_id for _, rev_id in nasty_stock})
    answers = ask_all(all_models_server, zip(itertools.cycle(MODELS), rev_ids))

    for (name, rev_id), answer in answers.items():
        assert_equal(name, rev_id, answer, nasty_stock[name, rev_id])
    refused = {rev_id for (_, rev_id), answer in nasty_stock.items() if "error" in answer}
    assert 5 <= len(refused) < len(rev_ids) / 2


@pytest.mark.timeout(600)
def test_a_batch_of_all_models_equals_the_stock_library(
    all_models_server: ModelServer, wiki: Wiki, nasty_stock: Stock
) -> None:
    """By the route of several models and by one of them: scores, features and refusals."""
    rev_ids = sorted({rev_id for _, rev_id in nasty_stock}, key=lambda rev_id: rev_id % 7)
    name = MODELS[0]
    batch = all_models_server.predict(name, {"instances": asked(rev_ids[:BATCH])}, timeout=300)
    assert batch.status == 200
    for rev_id, prediction in zip(rev_ids, batch.json["predictions"], strict=False):
        status = 400 if "error" in nasty_stock[name, rev_id] else 200
        answer = Answer(status, {}, json.dumps(in_its_place(prediction)).encode())
        assert_equal(name, rev_id, answer, nasty_stock[name, rev_id])
    assert 0 < sum("error" in nasty_stock[name, rev_id] for rev_id in rev_ids[:BATCH]) < BATCH / 2

    scores = of_several(all_models_server, rev_ids[:MANY]) | of_several(
        all_models_server, rev_ids[MANY:]
    )
    for (model, rev_id), stock in nasty_stock.items():
        ours = scores[str(rev_id)][model.split("-")[1]]
        if "error" in stock:
            kind = stock["error"].partition(":")[0]
            assert ours == {"error": {"type": kind, "message": stock["error"]}}
        else:
            assert ours == stock


def asked(rev_ids: list[int]) -> list[dict[str, Any]]:
    return [{"rev_id": rev_id, "extended_output": True} for rev_id in rev_ids]


def of_several(server: ModelServer, rev_ids: list[int]) -> dict[str, Any]:
    """What the route of several models says of revisions, by each."""
    request = {"rev_ids": rev_ids, "extended_output": True}
    answer = call(f"{server.url}/v1/scores", json.dumps(request).encode(), timeout=300)
    assert answer.status == 200, answer.body
    scores: dict[str, Any] = answer.json["enwiki"]["scores"]
    return scores


def in_its_place(prediction: dict[str, Any]) -> dict[str, Any]:
    """An instance's answer as a single request would have it."""
    return {"error": prediction["error"]["message"]} if "error" in prediction else prediction


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("wiki_name", "kind"), [("dewiki", "damaging"), ("svwiki", "goodfaith")])
def test_scores_with_other_languages_feature_lists_equal_the_stock_librarys(
    wiki_name: str,
    kind: str,
    start: Start,
    wiki: Wiki,
    wiki_file: Path,
    nasty: dict[str, list[int]],
    kept: Kept,
) -> None:
    name = f"{wiki_name}-{kind}"

    def make(path: Path) -> None:
        make_models({str(path): (wiki_name, kind)})

    model_file = kept.path(f"{name}.bin", make)
    rev_ids = sorted({ids[-1] for ids in nasty.values()} | set(nasty["ordinary"][5:10]))

    server = start(INFERENCE_NAME=name, MODEL_PATH=model_file, **PATIENCE)
    ask = partial(stock_scores, {name: model_file}, wiki.url, rev_ids)
    stock = kept.answers(name, ask, model_file, wiki_file, rev_ids)
    answers = ask_all(server, zip(itertools.repeat(name), rev_ids))

    for (_, rev_id), answer in answers.items():
        assert_equal(name, rev_id, answer, stock[name, rev_id])
    assert sum(answer.status == 200 for answer in answers.values()) >= 15
