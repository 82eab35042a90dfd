"""V1: several requests in one body, as KServe's batcher sends them."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.asking import Server, error_of, told

# What the batcher may merge although its maxBatchSize is 16 or 32.
MERGED = 48


def predictions_of(server: Server, model: str, instances: list[Any]) -> list[Any]:
    answer = server.predict(model, {"instances": instances})
    assert answer.status_code == 200, told(answer)
    document = answer.json()
    assert list(document) == ["predictions"], told(answer)
    predictions: list[Any] = document["predictions"]
    assert len(predictions) == len(instances), "not as many answers as instances"
    return predictions


def test_each_instance_is_answered_as_it_would_be_alone_and_in_order(
    server: Server, model: str, examples: list[dict[str, Any]], answers: list[Any]
) -> None:
    assert predictions_of(server, model, examples * 2) == answers * 2


def test_a_bad_instance_is_told_in_its_place_and_harms_no_other(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    alone = error_of(server.predict(model, {}), 400)
    first, bad, third = predictions_of(server, model, [example, {}, example])
    assert [first, third] == [answer, answer]
    assert bad == {"error": {"code": 400, "message": alone}}


@pytest.mark.parametrize("bad", ["x", None, [1], {"instances": []}])
def test_what_is_no_request_is_no_instance(server: Server, model: str, bad: object) -> None:
    (given,) = predictions_of(server, model, [bad])
    assert given["error"]["code"] == 400


def test_no_instances_have_no_predictions(server: Server, model: str) -> None:
    assert predictions_of(server, model, []) == []


@pytest.mark.parametrize("value", [None, {}, "x", 3])
def test_instances_that_are_no_list_are_refused(server: Server, model: str, value: object) -> None:
    answer = server.predict(model, {"instances": value})
    assert answer.status_code == 400, told(answer)


def test_as_many_instances_as_a_batcher_merges_are_answered(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    assert predictions_of(server, model, [example] * MERGED) == [answer] * MERGED
