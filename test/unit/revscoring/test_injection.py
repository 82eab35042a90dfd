"""Values that clients give in place of computed ones, down to the score."""

from __future__ import annotations

from typing import Any

import pytest
from liftwing_serving.errors import InjectionRefused
from liftwing_serving.mediawiki.documents import Documents, Page, Revision
from liftwing_serving.revscoring.loading import make_handler
from liftwing_serving.revscoring.tasks import ExtractAndPredict, ModelFile, Score
from revscoring.features import FeatureVector, temporal, wikitext
from revscoring.features.modifiers import div, log, sub
from support.models import write_model

NAME, OTHER = "enwiki-damaging", "enwiki-goodfaith"
CHARS = "feature.wikitext.revision.chars"
REPEATED = "feature.wikitext.revision.longest_repeated_char"
HOUR = "feature.temporal.revision.hour_of_day"
TEXT, PARENT_TEXT = "datasource.revision.text", "datasource.revision.parent.text"


def revision(text: str | None) -> Documents:
    page = Page(page_id=5, namespace=0, title="Sandbox")
    named = {"timestamp": "2025-01-01T07:00:00Z", "user": "Alice", "comment": "hi"}
    return Documents(
        Revision(11, 0, page, user_id=3, size=60, text=text, content_model="wikitext", **named)
    )


DOCUMENTS = revision("a text of thirty-one characters")


@pytest.fixture(scope="module")
def handler(tmp_path_factory: pytest.TempPathFactory) -> Any:
    chars, parent = wikitext.revision.chars, wikitext.revision.parent.chars
    lists = {
        NAME: [chars, wikitext.revision.longest_repeated_char, div(chars, 3), sub(chars, parent)],
        OTHER: [chars, temporal.revision.hour_of_day, log(wikitext.revision.chars)],
    }
    files = []
    for seed, (name, features) in enumerate(lists.items()):
        path = tmp_path_factory.mktemp("models") / name
        write_model(path, features, seed)
        files.append(ModelFile(name, path))
    return make_handler(files)


def scores(handler: Any, documents: Documents = DOCUMENTS, **injected: Any) -> Any:
    """By model; `injected` has names without the dots."""
    names = (NAME, OTHER)
    return handler(ExtractAndPredict(names, documents, injected.get("values", {})))


def features(scored: Score) -> dict[str, Any]:
    return dict(scored.features)


def test_an_injected_feature_is_taken_and_shown_as_if_it_had_been_computed(handler: Any) -> None:
    short = "x" * 12
    scored = scores(handler, values={CHARS: 12, REPEATED: 12})
    expected = scores(handler, revision(short))
    assert [it.document for it in scored.values()] == [it.document for it in expected.values()]
    assert features(scored[NAME])[CHARS] == 12
    assert scored[NAME].document != scores(handler)[NAME].document


def test_features_follow_from_an_injected_text_even_of_a_hidden_revision(handler: Any) -> None:
    text = "another text, which has some more characters than the first"
    scored = scores(handler, revision(None), values={TEXT: text, PARENT_TEXT: None})
    expected = scores(handler, revision(text))
    assert [it.document for it in scored.values()] == [it.document for it in expected.values()]


def test_a_later_request_does_not_see_what_was_injected(handler: Any) -> None:
    before = [it.document for it in scores(handler).values()]
    scores(handler, values={CHARS: 90_000, HOUR: 3})
    assert [it.document for it in scores(handler).values()] == before


def test_it_is_enough_that_one_of_the_models_has_the_name(handler: Any) -> None:
    scored = scores(handler, values={HOUR: 3})
    assert features(scored[OTHER])[HOUR] == 3
    assert scored[NAME].document == scores(handler)[NAME].document


def test_an_unknown_name_is_refused_with_near_ones(handler: Any) -> None:
    with pytest.raises(InjectionRefused) as caught:
        scores(handler, values={"feature.wikitext.revision.char": 3})
    assert f"Did you mean {CHARS}, " in caught.value.message
    assert "(" not in caught.value.message
    with pytest.raises(InjectionRefused) as caught:
        scores(handler, values={"zzzz": 3})
    assert caught.value.message == "There is nothing called zzzz to inject."


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (HOUR, "12", "an integer"),
        (HOUR, 1.0, "an integer"),
        (HOUR, True, "an integer"),
        (HOUR, None, "an integer"),
        (HOUR, [1], "an integer"),
        (CHARS, "12", "a number"),
        (CHARS, False, "a number"),
        (TEXT, 3, "a string or null"),
        (PARENT_TEXT, ["a"], "a string or null"),
    ],
)
def test_a_value_of_another_type_is_refused(handler: Any, name: str, value: Any, said: str) -> None:
    with pytest.raises(InjectionRefused) as caught:
        scores(handler, values={name: value})
    assert caught.value.message == f'Expected "{name}" to be {said}.'


def test_types_that_no_feature_of_these_models_has_are_held_to_as_well() -> None:
    from liftwing_serving.revscoring.injection import injected
    from revscoring.datasources import revision_oriented
    from revscoring.features import Feature

    groups = revision_oriented.revision.user.info.groups
    number, flag = Feature("n", returns=float), Feature("f", returns=bool)
    vector = FeatureVector("v", returns=float)
    solved = [[number, flag, vector, groups]]
    good = {"feature.n": 2, "feature.f": True, "feature_vector.v": [1, 0.5], str(groups): ["x"]}
    (values,) = injected(good, solved)
    assert list(map(repr, values.values())) == ["2.0", "True", "[1.0, 0.5]", "['x']"]
    for wrong in (
        {"feature.n": True},
        {"feature.f": 1},
        {"feature_vector.v": 1},
        {"feature_vector.v": ["x"]},
        {str(groups): "x"},
    ):
        with pytest.raises(InjectionRefused):
            injected(wrong, solved)


def test_values_with_which_nothing_can_be_computed_are_the_clients_fault(handler: Any) -> None:
    with pytest.raises(InjectionRefused, match="^With the injected values: Failed to process"):
        scores(handler, values={CHARS: -7})
    with pytest.raises(InjectionRefused, match="too large"):
        scores(handler, values={CHARS: 10**39})
