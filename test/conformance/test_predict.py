"""V1: a request in a JSON body."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conformance.asking import Server, json_of, told
from conformance.document import PREDICT, Document, parts_of

CLIENTS = 8
ROUNDS = 3


def test_examples_are_answered(
    server: Server, model: str, examples: list[dict[str, Any]], document: Document
) -> None:
    """Those that are given, and those that the OpenAPI document shows."""
    for example in [*examples, *document.examples()]:
        answer = server.predict(model, example)
        assert answer.status_code == 200, f"{example}: {told(answer)}"
        assert isinstance(json_of(answer), dict)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"]
)
def test_a_body_is_read_as_json_whatever_its_content_type(
    server: Server, model: str, example: dict[str, Any], answer: Any, kind: str
) -> None:
    given = server.predict(model, example, {"Content-Type": kind})
    assert given.status_code == 200, told(given)
    assert given.json() == answer


def test_fields_of_other_names_are_ignored(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    given = server.predict(model, {**example, "no such field": [1]})
    assert given.status_code == 200, told(given)
    assert given.json() == answer


def test_features_are_shown_to_who_asks_for_them_only(
    server: Server, model: str, example: dict[str, Any], answer: Any, document: Document
) -> None:
    if "extended_output" not in document.fields():
        pytest.skip("the model shows no features")
    assert not any("features" in part for part in parts_of(answer))
    given = server.predict(model, {**example, "extended_output": True})
    assert given.status_code == 200, told(given)
    assert any("features" in part for part in parts_of(given.json()))


def test_requests_at_the_same_time_are_each_answered_with_their_own(
    server: Server, model: str, examples: list[dict[str, Any]], answers: list[Any]
) -> None:
    turns = [*range(len(examples))] * CLIENTS * ROUNDS
    with ThreadPoolExecutor(CLIENTS) as clients:
        given = list(clients.map(lambda turn: server.predict(model, examples[turn]), turns))
    for turn, one in zip(turns, given, strict=True):
        if one.status_code not in (429, 503):
            assert one.json() == answers[turn], f"to {examples[turn]}"


def test_the_answer_is_as_documented(document: Document, answers: list[Any]) -> None:
    try:
        schema = document.answer_of(PREDICT, "200")
    except LookupError:
        pytest.skip("the OpenAPI document has no answer")
    for answer in answers:
        assert document.why_not(schema, answer) is None
