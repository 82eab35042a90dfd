"""What the page takes from events, and what it makes of several about one revision."""

from __future__ import annotations

from typing import Any

import pytest
from liftwing_serving.ores.page.changes import MAX_CHANGES, MAX_UNSCORED, Changes
from liftwing_serving.ores.page.events import MAX_COMMENT, MAX_SCORES, Score, Told, told_by
from support.events import page_change, revision_create


def score_event(rev_id: int = 7, model: str = "damaging", **fields: Any) -> dict[str, Any]:
    """As a model server of the family makes it."""
    score = {
        "model_name": model,
        "model_version": "1",
        "prediction": ["true"],
        "probability": {"true": 0.9, "false": 0.1},
    }
    return {
        "$schema": "/mediawiki/revision/score/3.0.0",
        "dt": "2024-05-01T10:00:00Z",
        "meta": {"stream": "s", "domain": "en.wikipedia.org"},
        "database": "enwiki",
        "page_title": "A_page",
        "rev_id": rev_id,
        "rev_parent_id": 6,
        "performer": {"user_text": "Someone"},
        "scores": {model: score},
    } | fields


def told(rev_id: int, *scores: Score, **fields: Any) -> Told:
    return Told("enwiki", rev_id, scores=scores, **fields)


YES = Score("damaging", "true", 0.9, binary=True)


def test_a_score_event_tells_of_its_revision() -> None:
    assert told_by(score_event()) == Told(
        "enwiki",
        7,
        title="A page",
        user="Someone",
        time="2024-05-01T10:00:00Z",
        created=False,
        scores=(YES,),
    )


def test_a_revision_create_event_tells_the_comment() -> None:
    event = revision_create(9)
    seen = told_by(event)
    assert seen is not None
    assert (seen.rev_id, seen.comment, seen.scores) == (9, event["comment"], ())


def test_an_event_of_a_page_s_topics_tells_the_likeliest() -> None:
    classification = {
        "model_name": "outlink-topic-model",
        "predictions": ["STEM.Space", "History"],
        "probabilities": {"STEM.Space": 0.7, "History": 0.8, "Sports": 0.9},
    }
    seen = told_by(page_change(9) | {"predicted_classification": classification})
    assert seen is not None
    assert seen.scores == (Score("outlink-topic-model", "History", 0.8),)


def test_of_several_predicted_labels_or_none_the_likeliest_is_shown() -> None:
    probability = {"Stub": 0.2, "B": 0.7, "FA": 0.1}
    for prediction in (["B"], [], "B", None):
        score = {"prediction": prediction, "probability": probability}
        seen = told_by(score_event(scores={"articlequality": score}))
        assert seen is not None
        assert seen.scores == (Score("articlequality", "B", 0.7),)


@pytest.mark.parametrize(
    "change",
    [
        {"database": None},
        {"database": "../enwiki"},
        {"database": "<b>"},
        {"rev_id": True},
        {"rev_id": -1},
        {"rev_id": "7"},
        {"meta": {"domain": "canary"}},
    ],
)
def test_what_is_about_no_revision_tells_nothing(change: dict[str, Any]) -> None:
    assert told_by(score_event() | change) is None


@pytest.mark.parametrize("event", [None, [], 1, "x", {}, {"predicted_classification": []}])
def test_what_is_no_event_tells_nothing(event: object) -> None:
    assert told_by(event) is None


def test_parts_of_wrong_types_are_left_out() -> None:
    wrong = {
        "page_title": 7,
        "performer": [],
        "comment": {},
        "dt": "yesterday",
        "rev_parent_id": "x",
        "scores": {
            "damaging": {"probability": {"true": "much"}},
            "goodfaith": 5,
            "reverted": {"probability": {"true": float("nan")}},
            "<script>": {"probability": {"true": 0.5}},
            "draftquality": {"probability": {"OK": 7}},
        },
    }
    assert told_by(score_event() | wrong) == Told("enwiki", 7)


def test_what_is_endless_is_cut() -> None:
    scores = {f"m{number}": {"probability": {"true": 0.5}} for number in range(100)}
    seen = told_by(score_event(comment="x" * 10**6, scores=scores))
    assert seen is not None and seen.comment is not None
    assert len(seen.comment) == MAX_COMMENT and len(seen.scores) == MAX_SCORES


def test_events_of_several_models_make_one_change() -> None:
    changes = Changes()
    for model in ("damaging", "goodfaith"):
        event = told_by(score_event(model=model))
        assert event is not None and changes.add(event)
    (change,) = changes
    assert [score.model for score in change.told.scores] == ["damaging", "goodfaith"]
    assert changes.newer(1) == [change] and changes.newer(2) == []


def test_a_comment_that_came_before_the_score_is_shown_with_it() -> None:
    changes = Changes()
    assert not changes.add(told(7, comment="typo", user="A"))
    assert list(changes) == []
    assert changes.add(told(7, YES, title="T"))
    (change,) = changes
    assert (change.told.comment, change.told.user, change.told.title) == ("typo", "A", "T")


def test_wikis_are_told_apart() -> None:
    changes = Changes()
    changes.add(told(7, YES))
    changes.add(Told("dewiki", 7, scores=(YES,)))
    assert [change.key for change in changes] == ["enwiki-7", "dewiki-7"]


def test_what_is_told_twice_is_no_news() -> None:
    changes = Changes()
    assert changes.add(told(7, YES)) and not changes.add(told(7, YES))


def test_only_the_last_changes_are_kept_and_only_some_that_wait_for_a_score() -> None:
    changes = Changes()
    for number in range(1, 3 * MAX_UNSCORED):
        changes.add(told(number, comment="waits"))
    assert len(changes._unscored) == MAX_UNSCORED
    for number in range(1, 3 * MAX_CHANGES):
        changes.add(told(number, YES))
    assert len(changes) == MAX_CHANGES
    assert [change.told.rev_id for change in changes][-1] == 3 * MAX_CHANGES - 1


def test_a_reader_goes_on_after_the_id_that_it_names() -> None:
    changes = Changes()
    for number in range(1, 6):
        changes.add(told(number, YES))
    number = changes.number_of(changes.event_id(3))
    assert [change.told.rev_id for change in changes.newer(number)] == [4, 5]
    for unknown in ("", "3", "0000-3", Changes().event_id(3), f"{changes.event_id(3)}x"):
        assert changes.number_of(unknown) == 0


@pytest.mark.parametrize(
    ("scores", "damage"),
    [
        ([Score("reverted", "true", 0.8, True), YES], 0.9),
        ([Score("reverted", "true", 0.8, True)], 0.8),
        ([Score("revertrisk-language-agnostic", "true", 0.6, True)], 0.6),
        ([Score("draftquality", "OK", 0.75)], 0.25),
        ([Score("draftquality", "spam", 0.75)], 0.75),
        ([Score("articlequality", "B", 0.75)], None),
    ],
)
def test_how_likely_damage_is(scores: list[Score], damage: float | None) -> None:
    changes = Changes()
    changes.add(told(7, *scores))
    assert [change.damage for change in changes] == [damage]
