"""Batches of revisions over a real server: the library's scores, few calls, room for others."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.kept import Kept
from support.light import NAME, PATIENCE
from support.processes import Answer, ModelServer, Wiki, call, wait_until
from support.services import Start
from support.stock import stock_scores

LARGE = 500
UNKNOWN = 999_999_999

Stock = dict[int, dict[str, Any]]


@pytest.fixture(scope="module")
def stock(
    kept: Kept,
    running_wiki: Wiki,
    wiki_file: Path,
    light_model: Path,
    nasty: dict[str, list[int]],
) -> Stock:
    """What the stock library says of 500 revisions, nasty ones of each kind among them."""
    running_wiki.reset()
    first = [ids[0] for ids in nasty.values()]
    slow = {*nasty["large"], *nasty["large_parent"]} - set(first)
    others = [id_ for ids in nasty.values() for id_ in ids if id_ not in slow]
    rev_ids = list(dict.fromkeys([*first, *others]))
    # Not in the order in which the wiki has them.
    rev_ids = sorted(rev_ids[:LARGE], key=lambda rev_id: rev_id % 97)
    ask = partial(stock_scores, {NAME: light_model}, running_wiki.url, rev_ids)
    answers = kept.answers("batch", ask, light_model, wiki_file, rev_ids)
    stock = {rev_id: answers[NAME, rev_id] for rev_id in rev_ids}
    assert len(stock) == LARGE
    assert 5 < sum("error" in answer for answer in stock.values()) < 50
    return stock


def batch(server: ModelServer, rev_ids: list[int], **fields: Any) -> list[dict[str, Any]]:
    instances = [{"rev_id": rev_id} | fields for rev_id in rev_ids]
    answer = server.predict(NAME, {"instances": instances}, timeout=300)
    assert answer.status == 200, answer.body
    predictions: list[dict[str, Any]] = answer.json["predictions"]
    return predictions


def entry(prediction: dict[str, Any], rev_id: int) -> dict[str, Any]:
    entry: dict[str, Any] = prediction["enwiki"]["scores"][str(rev_id)]["damaging"]
    return entry


def assert_as_stock(predictions: list[dict[str, Any]], rev_ids: list[int], stock: Stock) -> None:
    """To the last bit, in their places; where the library has no score there is an error."""
    assert len(predictions) == len(rev_ids)
    for rev_id, prediction in zip(rev_ids, predictions):
        if "error" in stock[rev_id]:
            assert prediction["error"]["code"] == 400
            assert str(rev_id) in prediction["error"]["message"]
        else:
            assert entry(prediction, rev_id) == stock[rev_id], rev_id


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [1, 2, 48, 50, 51, LARGE])
def test_a_batch_equals_the_stock_library_and_asks_the_wiki_seldom(
    light_server: ModelServer, wiki: Wiki, stock: Stock, number: int
) -> None:
    rev_ids = list(stock)[:number]
    assert_as_stock(batch(light_server, rev_ids, extended_output=True), rev_ids, stock)
    calls = wiki.calls()
    groups = -(-number // 50)
    # A revision that came as a parent of the group before is there before the rest of its own
    # group, so that its parent and its user are asked for alone: a call more of each kind.
    assert calls["by_action"]["revisions"] <= 3 * groups - 1
    assert calls["by_action"].get("users", 0) <= 2 * groups - 1


def test_duplicates_and_unknown_revisions_are_answered_each_in_its_place(
    light_server: ModelServer, wiki: Wiki, light_stock: Stock
) -> None:
    known = list(light_stock)[:20]
    rev_ids = known + [UNKNOWN] + known[::-1] + [UNKNOWN] + known[:1]
    predictions = batch(light_server, rev_ids)
    for rev_id, prediction in zip(rev_ids, predictions):
        if rev_id == UNKNOWN:
            assert prediction["error"]["code"] == 400
        else:
            assert entry(prediction, rev_id) == {"score": light_stock[rev_id]["score"]}
    # Once for themselves, and once for parents.
    asked = wiki.calls()["revids"]
    assert len(asked) <= 2
    assert asked[0] == [*known, UNKNOWN]


def test_instances_that_cannot_be_read_are_the_only_ones_that_fail(
    light_server: ModelServer, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)[:40]
    poisoned: list[Any] = [{"rev_id": rev_id} for rev_id in rev_ids]
    wrong = {10: {"rev_id": "x"}, 11: 5, 12: {"rev_id": 7, "lang": "de"}, 13: {}}
    for place, instance in wrong.items():
        poisoned[place] = instance
    answer = light_server.predict(NAME, {"instances": poisoned})
    assert answer.status == 200
    for place, prediction in enumerate(answer.json["predictions"]):
        if place in wrong:
            assert prediction["error"]["code"] == 400
        else:
            score = light_stock[rev_ids[place]]["score"]
            assert entry(prediction, rev_ids[place])["score"] == score


def test_single_requests_are_answered_while_a_batch_runs(
    light_server: ModelServer, wiki: Wiki, stock: Stock, light_stock: Stock
) -> None:
    asked_alone = list(light_stock)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(batch, light_server, list(stock))
        wait_until(lambda: wiki.calls()["total"] > 3, 60, "the batch has begun")
        answered = 0
        while not running.done():
            rev_id = asked_alone[answered % len(asked_alone)]
            answer = light_server.predict(NAME, {"rev_id": rev_id})
            assert entry(answer.json, rev_id)["score"] == light_stock[rev_id]["score"]
            answered += not running.done()
        for rev_id, prediction in zip(stock, running.result()):
            if "error" not in stock[rev_id]:
                assert entry(prediction, rev_id)["score"] == stock[rev_id]["score"]
    # One after the other, each behind a few revisions of the batch's 500.
    assert answered >= 5


def test_a_worker_that_dies_under_a_batch_fails_none_of_it(
    light_server: ModelServer, wiki: Wiki, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(batch, light_server, rev_ids)
        wait_until(lambda: wiki.calls()["total"] > 3, 60, "the batch has begun")
        os.kill(light_server.worker_pids()[0], signal.SIGKILL)
        predictions = running.result()
    for rev_id, prediction in zip(rev_ids, predictions):
        assert entry(prediction, rev_id)["score"] == light_stock[rev_id]["score"]


@pytest.mark.parametrize(
    "mode", ["ASYNCIO_USE_PROCESS_POOL", "PREPROCESS_MP", "INFERENCE_MP"], ids=str.lower
)
def test_batches_work_wherever_the_steps_run(
    start: Start, light_model: Path, light_stock: Stock, mode: str
) -> None:
    server = start(NAME, MODEL_PATH=light_model, **PATIENCE, **{mode: "False"})
    rev_ids = list(light_stock)[:60]
    for rev_id, prediction in zip(rev_ids, batch(server, rev_ids, extended_output=True)):
        assert entry(prediction, rev_id) == light_stock[rev_id]


def test_what_is_not_done_in_time_is_told_in_its_place(
    start: Start, wiki: Wiki, light_model: Path, light_stock: Stock
) -> None:
    server = start(NAME, MODEL_PATH=light_model, REQUEST_DEADLINE_SECONDS=3)
    first, *others = list(light_stock)[:100]
    assert server.predict(NAME, {"rev_id": first}).status == 200
    for pid in server.worker_pids():
        os.kill(pid, signal.SIGSTOP)
    instances = [{"rev_id": rev_id} for rev_id in others] + [{"rev_id": UNKNOWN}]
    predictions = server.predict(NAME, {"instances": instances}).json["predictions"]
    codes = [prediction["error"]["code"] for prediction in predictions]
    assert codes == [503] * len(others) + [400]


def several(server: ModelServer, **fields: Any) -> Answer:
    return call(f"{server.url}/v1/scores", json.dumps(fields).encode(), timeout=300)


def test_the_route_of_all_models_is_there_for_one_too(
    light_server: ModelServer, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)[:3]
    answer = several(light_server, rev_ids=[*rev_ids, UNKNOWN], extended_output=True)
    assert answer.status == 200
    scores = answer.json["enwiki"]["scores"]
    for rev_id in rev_ids:
        assert scores[str(rev_id)]["damaging"] == light_stock[rev_id]
    assert scores[str(UNKNOWN)]["damaging"]["error"]["type"] == "RevisionNotFound"
    assert several(light_server, rev_ids=list(range(1, 502))).status == 413
    refused = several(light_server, rev_ids=[1], models=["reverted"])
    assert (refused.status, '"models"' in refused.json["error"]) == (400, True)


def test_each_revision_of_a_batch_is_observed_by_stage(
    light_server: ModelServer, light_stock: Stock
) -> None:
    def observed() -> list[float]:
        samples = light_server.metrics()
        name = 'liftwing_stage_seconds_count{model="%s",stage="%s"}'
        return [samples.get(name % (NAME, stage), 0) for stage in ("fetch", "queue", "score")]

    before = observed()
    batch(light_server, [*list(light_stock)[:5], UNKNOWN])
    assert [now - then for now, then in zip(observed(), before)] == [5, 5, 5]
