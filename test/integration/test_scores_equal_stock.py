"""The server's answer is, to the last bit, what the stock library says of the same revision."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from support.processes import ModelServer, Wiki
from support.services import MODELS, Start, make_models
from support.stock import ask_all, assert_equal, stock_scores

PER_KIND = 8


def chosen(nasty: dict[str, list[int]]) -> list[int]:
    """Some of each kind, spread over the history; all of the rare kinds."""
    some = [ids[:: max(1, len(ids) // PER_KIND)][:PER_KIND] for ids in nasty.values()]
    return sorted(set(itertools.chain(*some)))


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
