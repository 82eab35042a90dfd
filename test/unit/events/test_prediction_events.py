"""From page_change events to the events of predictions, held against their schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liftwing_serving.errors import BadRequest
from liftwing_serving.events import Classification, PageEvent, parse_page_event, prediction_event
from support.events import page_change, revision_create, schema_validator

TOPICS = Classification("outlink-topic-model", "7", ["STEM.Physics"], {"STEM.Physics": 0.9, "A": 0})
USER = {
    "edit_count": 7,
    "groups": ["*", "user"],
    "is_bot": False,
    "is_system": False,
    "is_temp": False,
    "registration_dt": "2020-09-02T17:45:11Z",
    "user_central_id": 12,
    "user_id": 40120311,
    "user_text": "Gannet+Skua",
    "wiki_id": "enwiki",
}
PAGE = {
    "page_id": 5043734,
    "page_title": "Gannet",
    "is_redirect": True,
    "namespace_id": 0,
    "namespace_is_content": True,
    "revision_count": 5,
}
LINK = {
    "interwiki_prefix": "de",
    "is_redirect": False,
    "namespace_id": 0,
    "page_id": 3,
    "page_title": "Sula",
}
REVISION = {
    "rev_id": 17,
    "rev_dt": "2023-06-07T22:03:54Z",
    "comment": "",
    "is_comment_visible": True,
    "is_content_visible": True,
    "is_editor_visible": True,
    "is_minor_edit": False,
    "rev_parent_id": 16,
    "rev_sha1": "3jl2s8vd1x7g5pbk7h6hzq0d4yj7f1k",
    "rev_size": 2891,
    "editor": USER,
}
FULL: dict[str, Any] = {
    "changelog_kind": "update",
    "page_change_kind": "move",
    "dt": "2023-06-07T22:03:54Z",
    "wiki_id": "enwiki",
    "page": {**PAGE, "redirect_page_link": LINK},
    "revision": REVISION,
    "comment": "a word",
    "performer": USER,
    "prior_state": {"page": PAGE, "revision": REVISION},
    "created_redirect_page": PAGE,
}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def emitted(event: dict[str, Any]) -> dict[str, Any]:
    change = parse_page_event(event).change
    assert change is not None
    produced = prediction_event(change, TOPICS, "test.topics", "id-1")
    as_json: dict[str, Any] = json.loads(json.dumps(produced))
    return as_json


def of_schema_1_1(event: dict[str, Any]) -> dict[str, Any]:
    """Without the leaves that a later version of the schema brought, with the one it asked for."""
    event = {"performer": {}} | json.loads(json.dumps(event))
    for place in objects_in(event):
        for leaf in ("user_central_id", "namespace_is_content"):
            place.pop(leaf, None)
        if "user_text" in place or "edit_count" in place:
            place.pop("wiki_id", None)
    return event


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from objects_in(part)


def validate(event: dict[str, Any]) -> None:
    schema_validator("page-prediction_classification_change-1.1.0").validate(of_schema_1_1(event))


def refusal(event: object) -> str:
    with pytest.raises(BadRequest) as caught:
        parse_page_event(event)
    return caught.value.message


def paths(value: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if before:
        yield before
    if isinstance(value, dict):
        for name, part in value.items():
            yield from paths(part, (*before, name))


def test_each_leaf_that_is_carried_over_arrives_at_its_place_and_nothing_else_does() -> None:
    produced = emitted(page_change(**FULL))
    assert {name: produced[name] for name in FULL} == FULL
    assert produced["$schema"] == "/mediawiki/page/prediction_classification_change/1.3.0"
    assert produced["meta"] == {
        "stream": "test.topics",
        "id": "id-1",
        "domain": "en.wikipedia.org",
        "request_id": "c2b3a6fe-95b7-4e0b-8f5b-5d4f0c1f2a31",
        "uri": "https://en.wikipedia.org/wiki/Wikipedia:Sandbox",
    }
    assert produced["predicted_classification"] == {
        "model_name": "outlink-topic-model",
        "model_version": "7",
        "predictions": ["STEM.Physics"],
        "probabilities": {"STEM.Physics": 0.9, "A": 0},
    }
    assert produced.keys() == FULL.keys() | {"$schema", "meta", "predicted_classification"}
    validate(produced)


@pytest.mark.parametrize("version", ["1.0.0", "1.2.0"])
def test_a_real_page_change_becomes_a_valid_event_without_its_content_slots(version: str) -> None:
    produced = emitted(page_change(version=version))
    assert "content_slots" not in produced["revision"]
    validate(produced)


def test_an_unknown_leaf_passes_nowhere() -> None:
    for path in paths(FULL):
        event = page_change(**json.loads(json.dumps(FULL)))
        place: Any = event
        for name in path:
            place = place[name]
        if isinstance(place, dict):
            place["is_secret"] = "SECRET"
            assert "SECRET" not in json.dumps(emitted(event)), path


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(list(paths(FULL))), value=ANY_JSON)
def test_whatever_stands_at_a_place_the_event_is_valid_or_refused(
    path: tuple[str, ...], value: Any
) -> None:
    event = page_change(**json.loads(json.dumps(FULL)))
    place: Any = event
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    try:
        produced = emitted(event)
    except BadRequest as error:
        assert path[0] in error.message or "too large" in error.message
    else:
        validate(produced)


@pytest.mark.parametrize(
    "path", ["changelog_kind", "page_change_kind", "dt", "wiki_id", "page", "revision"]
)
def test_what_the_event_must_have_is_asked_for_by_name(path: str) -> None:
    assert path in refusal(page_change(**{path: None}))  # type: ignore[arg-type]


def test_a_redirect_page_without_a_title_is_left_out() -> None:
    event = page_change(created_redirect_page={"page_id": 3})
    assert "created_redirect_page" not in emitted(event)


def test_no_performer_is_no_fault() -> None:
    assert "performer" not in emitted(page_change(performer=None))


def test_a_revision_create_event_tells_its_page_and_becomes_none() -> None:
    event = revision_create(page_title="Gannet")
    assert parse_page_event(event) == PageEvent("enwiki", "Gannet", None)


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ([], '"event" to be a JSON object'),
        ({}, '"$schema"'),
        ({"$schema": "/mediawiki/page/delete/1.0.0"}, "schema /mediawiki/page/delete/1.0.0"),
        (revision_create(page_title=None), '"page_title"'),
        (revision_create(database=None), '"database"'),  # type: ignore[arg-type]
    ],
)
def test_an_event_that_tells_of_no_page_is_refused(event: object, says: str) -> None:
    assert says in refusal(event)


def test_an_event_that_eventgate_would_not_take_is_refused() -> None:
    change = parse_page_event(page_change()).change
    assert change is not None
    many = Classification("m", "1", [], {"x" * 90_000: 0.5})
    with pytest.raises(BadRequest, match="Event too large"):
        prediction_event(change, many, "s", "id")
