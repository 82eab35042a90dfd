"""From incoming events to the events of scores, held against the schemas of both."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liftwing_serving.errors import BadRequest
from liftwing_serving.events import EventSource, parse_event, score_event
from support.events import page_change, revision_create, schema_validator, with_overrides

NOW = datetime(2024, 2, 29, 12, 0, 5, 999, tzinfo=timezone(timedelta(hours=2)))
SCORE = {"prediction": False, "probability": {"false": 0.75, "true": 0.25}}
INCOMING = [
    pytest.param(revision_create(version="1.2.0"), "revision-create-1.2.0", id="create-1"),
    pytest.param(revision_create(version="2.0.0"), "revision-create-2.0.0", id="create-2"),
    pytest.param(page_change(version="1.0.0"), "page-change-1.0.0", id="change-1.0"),
    pytest.param(page_change(version="1.2.0"), "page-change-1.2.0", id="change-1.2"),
]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def emitted(event: dict[str, Any], score: dict[str, Any] | None = None) -> dict[str, Any]:
    source = parse_event(event, "enwiki")
    return score_event(source, score or SCORE, "damaging", "0.5.1", "test.scores", NOW, "id-1")


def refusal(event: object) -> str:
    with pytest.raises(BadRequest) as caught:
        parse_event(event, "enwiki")
    return caught.value.message


@pytest.mark.parametrize(("event", "schema"), INCOMING)
def test_the_samples_are_valid_and_so_is_what_is_made_of_them(
    event: dict[str, Any], schema: str
) -> None:
    schema_validator(schema).validate(event)
    schema_validator("revision-score-3.0.0").validate(emitted(event))


@pytest.mark.parametrize("event", [param.values[0] for param in INCOMING])
def test_both_kinds_of_events_become_the_same_score_event(event: dict[str, Any]) -> None:
    moment = event.get("rev_timestamp") or event["dt"]
    assert emitted(event) == {
        "$schema": "/mediawiki/revision/score/3.0.0",
        "dt": moment,
        "meta": {
            "stream": "test.scores",
            "id": "id-1",
            "request_id": "c2b3a6fe-95b7-4e0b-8f5b-5d4f0c1f2a31",
            "domain": "en.wikipedia.org",
            "uri": "https://en.wikipedia.org/wiki/Wikipedia:Sandbox",
        },
        "database": "enwiki",
        "page_id": 5043734,
        "page_title": "Wikipedia:Sandbox",
        "page_namespace": 4,
        "page_is_redirect": False,
        "rev_id": 1083325118,
        "rev_parent_id": 1083325117,
        "rev_timestamp": moment,
        "performer": {
            "user_text": "Gannet+Skua",
            "user_groups": ["extendedconfirmed", "*", "user", "autoconfirmed"],
            "user_is_bot": False,
        },
        "scores": {
            "damaging": {
                "model_name": "damaging",
                "model_version": "0.5.1",
                "prediction": ["false"],
                "probability": {"false": 0.75, "true": 0.25},
            }
        },
    }


@pytest.mark.parametrize(
    ("prediction", "labels"),
    [(True, ["true"]), ("Stub", ["Stub"]), (["STEM.Physics", "STEM"], ["STEM.Physics", "STEM"])]
    + [([], []), (["yes", True], ["yes", "true"])],
)
def test_a_prediction_is_always_an_array_of_strings(prediction: Any, labels: list[str]) -> None:
    score = {"prediction": prediction, "probability": {True: 1, "Stub": 0.5, "C": float("nan")}}
    scored = emitted(revision_create(), score)["scores"]["damaging"]
    assert scored["prediction"] == labels
    assert scored["probability"] == {"true": 1.0, "Stub": 0.5}
    assert type(scored["probability"]["true"]) is float


@pytest.mark.parametrize("event", [revision_create(), page_change()])
def test_a_hidden_performer_is_left_out(event: dict[str, Any]) -> None:
    assert "performer" not in emitted(with_overrides(event, {"performer": None}))


def test_an_anonymous_performer_has_no_groups() -> None:
    event = page_change(performer={"user_text": "192.0.2.7", "is_bot": False})
    assert emitted(event)["performer"] == {"user_text": "192.0.2.7", "user_is_bot": False}


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("page_id", "7"),
        ("page_id", 0),
        ("page_id", True),
        ("page_title", ""),
        ("page_title", 1984),
        ("page_namespace", 1.5),
        ("page_is_redirect", "no"),
        ("rev_timestamp", "yesterday"),
        ("rev_timestamp", "2022-02-30T00:00:00Z"),
        ("rev_timestamp", "2022-02-28T00:00:00"),
        ("rev_parent_id", -1),
        ("performer", []),
        ("performer", {"user_text": ["x"], "user_groups": ["a", 1], "user_is_bot": "no"}),
        ("performer", {"user_groups": "bot"}),
        ("meta", "x"),
    ],
)
def test_a_part_that_the_schema_would_refuse_is_left_out(part: str, value: Any) -> None:
    event = emitted(revision_create(**{part: value}))
    assert part == "meta" or part not in event
    assert event["rev_id"] == 1083325118
    schema_validator("revision-score-3.0.0").validate(event)


@pytest.mark.parametrize(
    "uri",
    ["a b", "https://en.wikipedia.org/wiki/Дядя", "x" * 9000, "", "#a#b", "http://[x/", "/%zz", 7],
)
def test_a_uri_that_is_none_is_left_out(uri: Any) -> None:
    assert "uri" not in emitted(revision_create(meta={"uri": uri}))["meta"]


@pytest.mark.parametrize(
    "uri",
    [
        "https://en.wikipedia.org/wiki/C%2B%2B_(x)?a=b:c#top",
        "http://localhost:8080/wiki/Test",
        "/wiki/A:B",
        "//www.wikidata.org/wiki/Q42",
    ],
)
def test_a_uri_is_carried_over(uri: str) -> None:
    assert emitted(revision_create(meta={"uri": uri}))["meta"]["uri"] == uri


def test_the_time_is_that_of_the_change_in_utc() -> None:
    event = page_change(dt="2023-06-08T00:03:54.250000+02:00")
    assert emitted(event)["dt"] == "2023-06-07T22:03:54.250000Z"


def test_the_time_is_now_if_the_source_tells_none() -> None:
    assert emitted(page_change(dt=None))["dt"] == "2024-02-29T10:00:05Z"
    assert emitted(revision_create(rev_timestamp="soon"))["dt"] == "2024-02-29T10:00:05Z"


@pytest.mark.parametrize(
    "schema", ["/mediawiki/page/delete/1.0.0", "/mediawiki/revision/create/3.0.0", "1", ""]
)
def test_an_event_of_another_schema_is_refused(schema: str) -> None:
    assert refusal({"$schema": schema}) == (
        f"Unsupported event of schema {schema}, the rev_id value cannot be determined."
    )


def test_what_the_caller_sent_is_shown_short_and_harmless() -> None:
    text = refusal({"$schema": "<script>\n" + "x" * 5000})
    assert text.startswith("Unsupported event of schema ?script??xxx")
    assert len(text) < 220
    assert "<" not in refusal(revision_create(database="<b>"))


@pytest.mark.parametrize("event", [revision_create(database="dewiki"), page_change(1, "dewiki")])
def test_an_event_of_another_wiki_is_refused(event: dict[str, Any]) -> None:
    assert refusal(event) == "Event of wiki dewiki sent to a server of enwiki."


@pytest.mark.parametrize("event", ["x", [], None, 1, True])
def test_an_event_that_is_no_object_is_refused(event: object) -> None:
    assert refusal(event) == 'Expected "event" to be a JSON object.'


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({}, 'Expected "$schema" of the event to be a string.'),
        ({"$schema": 1}, 'Expected "$schema" of the event to be a string.'),
        (
            with_overrides(revision_create(), {"database": None}),
            'Expected "database" of the event to be a string.',
        ),
        (
            with_overrides(page_change(), {"wiki_id": 1}),
            'Expected "wiki_id" of the event to be a string.',
        ),
        (page_change(revision=None), 'Expected "revision" of the event to be a JSON object.'),
        (page_change(revision=[1]), 'Expected "revision" of the event to be a JSON object.'),
        (page_change(revision={}), 'Expected "rev_id" in input data.'),
    ],
)
def test_what_is_needed_and_is_not_there_is_named(event: dict[str, Any], text: str) -> None:
    assert refusal(event) == text


@pytest.mark.parametrize(
    "event",
    [lambda rev_id: revision_create() | {"rev_id": rev_id}]
    + [lambda rev_id: page_change(revision={"rev_id": rev_id})],
)
def test_the_revision_is_a_positive_integer(event: Callable[[Any], dict[str, Any]]) -> None:
    for value in (True, "1", 1.0, None, [1]):
        assert refusal(event(value)) == 'Expected "rev_id" to be an integer.'
    for value in (0, -1, 2**53):
        assert refusal(event(value)) == 'Expected "rev_id" to be a positive integer.'


def test_the_least_event_still_gives_a_valid_one() -> None:
    least = {"$schema": "/mediawiki/revision/create/1.0.0", "database": "enwiki", "rev_id": 7}
    assert parse_event(least, "enwiki") == EventSource("enwiki", 7)
    schema_validator("revision-score-3.0.0").validate(emitted(least))


TOO_LARGE = "Event too large: its score event would exceed 90000 bytes."


@pytest.mark.parametrize(
    "groups",
    [["x" * 8000] * 130, ["ab"] * 50_000, [""] * 300_000, ["\x00" * 8000] * 2, ["я" * 8000] * 6]
    + [["sysop"] * 12_000],
    ids=["long", "many", "empty", "escaped", "two bytes", "short"],
)
@pytest.mark.parametrize("kind", ["create", "change"])
def test_an_event_whose_score_event_would_be_too_large_is_refused(
    groups: list[str], kind: str
) -> None:
    if kind == "create":
        event = revision_create(performer={"user_text": "X", "user_groups": groups})
    else:
        event = page_change(performer={"user_text": "X", "groups": groups})
    assert refusal(event) == TOO_LARGE


def test_what_is_not_carried_over_may_be_of_any_size() -> None:
    event = revision_create(comment="x" * 500_000, page_title="x" * 10_000)
    assert "page_title" not in emitted(event)


def largest_source() -> dict[str, Any]:
    """An event that is just not refused."""
    groups = 60
    while True:
        event = revision_create(performer={"user_text": "X", "user_groups": ["y" * 600] * groups})
        try:
            parse_event(event, "enwiki")
        except BadRequest:
            return with_overrides(
                event, {"performer": {"user_text": "X", "user_groups": ["y" * 600] * (groups - 1)}}
            )
        groups += 1


def test_the_largest_event_with_the_largest_score_stays_below_the_limit() -> None:
    topics = [f"Geography.Regions.Africa.Northern Africa and more {number}" for number in range(64)]
    score = {"prediction": topics, "probability": dict.fromkeys(topics, 0.12345678901234567)}
    size = len(json.dumps(emitted(largest_source(), score)))
    assert 80_000 < size < 90_000


@given(ANY_JSON)
def test_any_json_is_an_event_or_a_bad_request(event: object) -> None:
    refusal(event)


@st.composite
def damaged_events(draw: st.DrawFn) -> dict[str, Any]:
    """A real event in some of whose places stands something else."""
    event: dict[str, Any] = json.loads(
        json.dumps(draw(st.sampled_from([revision_create(), page_change()])))
    )
    for _ in range(draw(st.integers(1, 4))):
        place = event
        inner = [value for value in event.values() if isinstance(value, dict)]
        if inner:
            place = draw(st.sampled_from([event, *inner]))
        if place:
            place[draw(st.sampled_from(sorted(place)))] = draw(ANY_JSON)
    return event


@settings(max_examples=300, deadline=None)
@given(damaged_events())
def test_whatever_came_in_what_goes_out_is_valid(event: dict[str, Any]) -> None:
    validator = schema_validator("revision-score-3.0.0")
    try:
        made = emitted(event)
    except BadRequest as error:
        assert len(error.message) < 300
        return
    validator.validate(json.loads(json.dumps(made)))


def test_the_time_of_now_is_in_utc() -> None:
    source = EventSource("enwiki", 1)
    event = score_event(source, SCORE, "m", "1", "s", datetime(2024, 1, 1, tzinfo=UTC), "i")
    assert event["dt"] == "2024-01-01T00:00:00Z"


def test_an_event_tells_how_large_a_revision_and_its_parent_are_and_whether_it_may_be_hidden() -> (
    None
):
    created = parse_event(revision_create(7), "enwiki")
    assert (created.rev_size, created.parent_size, created.may_hide) == (2891, None, False)
    prior = {"revision": {"rev_size": 10}}
    for kind, may_hide in (("edit", False), ("visibility_change", True), ("delete", True)):
        event = page_change(7, "enwiki") | {"page_change_kind": kind, "prior_state": prior}
        changed = parse_event(event, "enwiki")
        assert isinstance(changed.rev_size, int)
        assert (changed.parent_size, changed.may_hide) == (10, may_hide)
