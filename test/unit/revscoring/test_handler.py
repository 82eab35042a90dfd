"""What a worker does with documents, in this process: values, errors, and work not done twice."""

from __future__ import annotations

import dataclasses
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving.documents import Documents, Gone, Page, Revision, User
from liftwing_serving.errors import ContentUnreadable, ResourceMissing
from liftwing_serving.revscoring import speedups
from liftwing_serving.revscoring.loading import make_handler
from liftwing_serving.revscoring.tasks import Extract, ExtractAndPredict, ModelFile, Predict
from support.models import write_model

PAGE = Page(page_id=5, namespace=0, title="Sandbox")
PARENT = Revision(
    rev_id=11,
    parent_id=0,
    page=PAGE,
    timestamp="2025-01-01T00:00:00Z",
    user="Alice",
    user_id=3,
    size=60,
    comment="new page",
    text="The '''sandbox''' is a place to play. It has [[sand]] in it.",
    content_model="wikitext",
)
REVISION = dataclasses.replace(
    PARENT, rev_id=12, parent_id=11, text=f"{PARENT.text} U R STUPID!!!!!!!", comment="/* x */ hi"
)
ALICE = User("Alice", ["*", "user", "sysop"], "2019-05-05T00:00:00Z", 99, "unknown")
DOCUMENTS = Documents(REVISION, PARENT, ALICE)
NAME = "enwiki-damaging"


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from editquality.feature_lists import enwiki

        path = tmp_path_factory.mktemp("model") / "model.bin"
        write_model(path, enwiki.damaging)
    return path


@pytest.fixture(scope="module")
def handler(model_file: Path) -> Any:
    return make_handler([ModelFile(NAME, model_file)])


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a socket was opened during extraction")

    monkeypatch.setattr(socket, "socket", refuse)
    yield


def changed(**fields: Any) -> Documents:
    return dataclasses.replace(DOCUMENTS, revision=dataclasses.replace(REVISION, **fields))


def test_the_leaves_of_the_model_decide_what_is_fetched(handler: Any) -> None:
    (info,) = handler.describe()
    assert info.needs.parent and info.needs.user
    assert info.version == "0.0.1"


def test_a_given_version_replaces_the_models_own(model_file: Path) -> None:
    (info,) = make_handler([ModelFile(NAME, model_file, "7")]).describe()
    assert info.version == "7"


def test_both_steps_together_equal_the_steps_alone(handler: Any) -> None:
    together = handler(ExtractAndPredict(NAME, DOCUMENTS))
    alone = handler(Predict(NAME, handler(Extract(NAME, DOCUMENTS))))
    assert together.score == alone.score
    assert together.features == alone.features


def test_fault_11_extraction_never_reaches_for_the_network(handler: Any, no_network: None) -> None:
    assert handler(ExtractAndPredict(NAME, DOCUMENTS)).score["prediction"] in (True, False)
    for incomplete in (
        changed(text=None),
        changed(user_id=None),
        dataclasses.replace(DOCUMENTS, parent=Gone.MISSING),
        dataclasses.replace(DOCUMENTS, user=Gone.MISSING),
        dataclasses.replace(DOCUMENTS, user=None),
    ):
        with pytest.raises(ResourceMissing):
            handler(ExtractAndPredict(NAME, incomplete))


def test_fault_11_a_model_that_reads_what_is_not_fetched_is_refused_at_load(tmp_path: Path) -> None:
    from revscoring.features import temporal

    write_model(tmp_path / "model.bin", [temporal.revision.page.creation.seconds_since])
    with pytest.raises(Exception, match="revision.page.creation.timestamp_str, which is not"):
        make_handler([ModelFile(NAME, tmp_path / "model.bin")])


def test_fault_9_extended_output_computes_nothing_twice(handler: Any) -> None:
    from revscoring.dependencies import expand

    model = handler._models[NAME]
    dependents = list(expand(model.features))
    before = {id(dependent): dependent.calls for dependent in dependents}
    score = handler(ExtractAndPredict(NAME, DOCUMENTS))
    assert score.features
    calls = {str(d): d.calls - before[id(d)] for d in dependents}
    assert max(calls.values()) == 1, [name for name, count in calls.items() if count > 1]


@pytest.mark.parametrize(
    ("documents", "reason"),
    [
        (changed(comment=None), "CommentDeleted: Comment deleted (datasource.revision.comment)"),
        (changed(text=None), "TextDeleted: Text deleted (datasource.revision.text)"),
        (changed(user_id=None, user=None), "UserDeleted: User deleted ({revision.user})"),
    ],
)
def test_fault_5_a_hidden_part_is_named_without_a_traceback(
    handler: Any, documents: Documents, reason: str
) -> None:
    with pytest.raises(ResourceMissing) as caught:
        handler(ExtractAndPredict(NAME, documents))
    assert caught.value.message == f"Missing resource for rev-id 12: {reason}"
    assert "Traceback" not in caught.value.message


def test_unreadable_content_is_named(tmp_path: Path) -> None:
    from revscoring.features import wikibase

    write_model(tmp_path / "model.bin", [wikibase.revision.claims])
    handler = make_handler([ModelFile(NAME, tmp_path / "model.bin")])
    with pytest.raises(ContentUnreadable, match="^Unexpected content type for rev-id 12: "):
        handler(ExtractAndPredict(NAME, DOCUMENTS))


def test_dictionary_lookups_are_remembered_with_the_same_answers(handler: Any) -> None:
    import enchant

    asked: list[str] = []

    def check(self: object, word: str) -> bool:
        asked.append(word)
        return word != "wrod"

    remembering = speedups._remembering_method(check)
    dictionary = enchant.Dict("en_US")
    words = ["word", "wrod", "Word", "word", "wrod"]
    assert [remembering(dictionary, word) for word in words] == [True, False, True, True, False]
    assert asked == ["word", "wrod", "Word"]


def test_fault_17_words_of_any_length_are_not_kept(handler: Any) -> None:
    asked = []
    remembering = speedups._remembering_method(lambda self, word: bool(asked.append(word)))
    for _ in range(3):
        remembering(None, "x" * 200_000)
    assert len(asked) == 3
