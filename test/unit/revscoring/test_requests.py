"""From a body to a typed request, or an error that names the field."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.errors import BadRequest
from liftwing_serving.events import parse_event
from liftwing_serving.fields import json_object
from liftwing_serving.revscoring.requests import ScoreRequest, score_request

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


MODELS = ("enwiki-damaging",)


def parse_score_request(body: bytes) -> ScoreRequest:
    return score_request(json_object(body), "enwiki", MODELS)


def refusal(body: object) -> str:
    with pytest.raises(BadRequest) as caught:
        parse_score_request(body if isinstance(body, bytes) else json.dumps(body).encode())
    return caught.value.message


def test_a_revision_id_is_all_that_is_needed() -> None:
    assert parse_score_request(b'{"rev_id": 12345}') == ScoreRequest(12345, MODELS)


def test_fields_of_no_meaning_are_ignored() -> None:
    assert parse_score_request(b'{"rev_id": 1, "lang": "en"}') == ScoreRequest(1, MODELS)


def test_what_may_be_shared_is_the_revision_and_its_models_and_nothing_else() -> None:
    event = parse_event(
        {"$schema": "/mediawiki/revision/create/2.0.0", "database": "enwiki", "rev_id": 7}, "enwiki"
    )
    plain = ScoreRequest(7, MODELS)
    assert ScoreRequest(7, MODELS, extended_output=True, event=event).key == plain.key
    assert ScoreRequest(8, MODELS).key != plain.key
    assert ScoreRequest(7, ("enwiki-goodfaith",)).key != plain.key


def test_a_request_with_injected_values_shares_nothing() -> None:
    body = b'{"rev_id": 7, "inject": {"feature.x": 1}}'
    first, second = parse_score_request(body), parse_score_request(body)
    assert dict(first.injected) == {"feature.x": 1}
    assert len({first.key, second.key, ScoreRequest(7, MODELS).key}) == 3
    assert parse_score_request(b'{"rev_id": 7, "inject": {}}') == ScoreRequest(7, MODELS)


def test_no_event_tells_of_a_score_from_injected_values() -> None:
    event = {"$schema": "/mediawiki/revision/create/2.0.0", "database": "enwiki", "rev_id": 7}
    body = json.dumps({"event": event, "inject": {"feature.x": 1}}).encode()
    request = parse_score_request(body)
    assert (request.rev_id, request.event) == (7, None)


def test_values_to_inject_are_an_object() -> None:
    wrongs: list[object] = [[], "x", None, 3]
    for wrong in wrongs:
        assert refusal({"rev_id": 7, "inject": wrong}) == (
            'Expected "inject" to be an object of values by feature.'
        )


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"x": [], "y": value}
    return value


def test_values_to_inject_may_be_lists_but_not_be_nested_without_end() -> None:
    # A worker could not be sent what is a few hundred deep.
    body = {"rev_id": 7, "inject": {"datasource.x": nested(19)}}
    assert parse_score_request(json.dumps(body).encode()).injected == body["inject"]
    for levels in (20, 252, 900):
        body["inject"] = {"feature.a": 1, "datasource.x": nested(levels)}
        assert refusal(body) == 'Expected the values of "inject" to be nested less deep.'


def test_extended_output_is_read() -> None:
    request = parse_score_request(b'{"rev_id": 1, "extended_output": true}')
    assert request.extended_output is True


@pytest.mark.parametrize("value", [True, "1", 1.0, None, [1], {"a": 1}, 10**30])
def test_a_rev_id_of_another_type_is_refused(value: object) -> None:
    assert refusal({"rev_id": value}) == 'Expected "rev_id" to be an integer.'


@pytest.mark.parametrize("value", [0, -1, 2**63])
def test_a_rev_id_that_no_wiki_has_is_refused(value: int) -> None:
    assert refusal({"rev_id": value}).startswith('Expected "rev_id" to be a')


def test_an_event_overrides_the_rev_id_beside_it() -> None:
    event = {"$schema": "/mediawiki/revision/create/2.0.0", "database": "enwiki", "rev_id": 7}
    request = parse_score_request(json.dumps({"event": event, "rev_id": 1}).encode())
    assert request.rev_id == 7
    assert request.event is not None and request.event.database == "enwiki"


def test_an_event_of_another_wiki_is_refused() -> None:
    event = {"$schema": "/mediawiki/revision/create/1.2.0", "database": "dewiki", "rev_id": 7}
    assert refusal({"event": event}) == "Event of wiki dewiki sent to a server of enwiki."


def test_an_event_of_another_schema_is_refused() -> None:
    event = {"$schema": "/mediawiki/page/links/1.0.0", "database": "enwiki", "rev_id": 7}
    assert refusal({"event": event}) == (
        "Unsupported event of schema /mediawiki/page/links/1.0.0, the rev_id value cannot be "
        "determined."
    )


@pytest.mark.parametrize("event", ["x", 1, None, [], {}])
def test_an_event_that_is_none_is_refused(event: object) -> None:
    assert "event" in refusal({"event": event})


def test_a_missing_rev_id_is_named() -> None:
    assert refusal({}) == 'Expected "rev_id" in input data.'


@pytest.mark.parametrize("value", ["yes", 1, None, []])
def test_extended_output_of_another_type_is_refused(value: object) -> None:
    text = refusal({"rev_id": 1, "extended_output": value})
    assert text == 'Expected "extended_output" to be a boolean.'


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"1", b'"x"', b"null", b"{", b"\xff\xfe", b'{"rev_id": 1}}', b"NaN"]
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    assert refusal(body) == "Please verify that request input is a json dict"


def test_deep_nesting_is_refused_or_ignored_but_never_a_crash() -> None:
    deep = b'{"rev_id": 1, "x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    assert refusal(deep) == "Please verify that request input is a json dict"


@given(st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_request_or_a_bad_request(body: bytes) -> None:
    try:
        request = parse_score_request(body)
    except BadRequest:
        return
    assert type(request.rev_id) is int and request.rev_id > 0


@given(st.dictionaries(st.sampled_from(["rev_id", "extended_output", "event"]), ANY_JSON))
def test_any_values_of_known_fields_are_a_request_or_a_bad_request(fields: object) -> None:
    try:
        parse_score_request(json.dumps(fields).encode())
    except BadRequest:
        pass
