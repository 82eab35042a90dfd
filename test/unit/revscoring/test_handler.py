"""What a worker does with documents, in this process: values, errors, and work not done twice."""

from __future__ import annotations

import dataclasses
import gc
import socket
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving.mediawiki.documents import Documents, Gone, Needs, Page, Revision, User
from liftwing_serving.errors import ContentUnreadable, ResourceMissing
from liftwing_serving.revscoring.loading import make_handler
from liftwing_serving.revscoring.tasks import (
    Extract,
    ExtractAndPredict,
    Extraction,
    ModelFile,
    Predict,
)
from revscoring.dependencies import Dependent, expand
from support.imports import modules_after
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


def test_the_leaves_of_the_model_decide_what_is_fetched(handler: Any, tmp_path: Path) -> None:
    from revscoring.features import revision_oriented, temporal, wikitext

    features = {
        "revision": wikitext.revision.chars,
        # That there is a parent, and who somebody is, the revision itself says.
        "name": revision_oriented.revision.user.is_anon,
        "parent": wikitext.revision.parent.chars,
        "user": temporal.revision.user.seconds_since_registration,
    }
    for name, feature in features.items():
        write_model(tmp_path / name, [feature])
    infos = make_handler([ModelFile(name, tmp_path / name) for name in features]).describe()
    assert {info.name: info.needs for info in infos} == {
        "revision": Needs(),
        "name": Needs(),
        "parent": Needs(parent=True),
        "user": Needs(user=True),
    }
    (info,) = handler.describe()
    assert info.needs == Needs(parent=True, user=True)
    assert info.version == "0.0.1"


def test_a_given_version_replaces_the_models_own(model_file: Path) -> None:
    (info,) = make_handler([ModelFile(NAME, model_file, "7")]).describe()
    assert info.version == "7"


def score_of(handler: Any, documents: Documents) -> Any:
    """The only model's score, or the error that it meets."""
    (score,) = handler(ExtractAndPredict((NAME,), documents)).values()
    return score


def test_both_steps_together_equal_the_steps_alone(handler: Any) -> None:
    together = score_of(handler, DOCUMENTS)
    (alone,) = handler(Predict(handler(Extract((NAME,), DOCUMENTS)))).values()
    assert together.document == alone.document
    assert together.features == alone.features


@pytest.fixture(scope="module")
def two_models(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One that reads much, and one that reads a part of that but no comment."""
    from revscoring.features import wikitext

    small = tmp_path_factory.mktemp("small") / "model.bin"
    write_model(small, [wikitext.revision.chars, wikitext.revision.diff.chars_added])
    return make_handler([ModelFile(NAME, model_file), ModelFile("small", small)])


def test_models_of_one_revision_share_each_step_of_the_extraction(two_models: Any) -> None:
    alone = {name: two_models(ExtractAndPredict((name,), DOCUMENTS)) for name in (NAME, "small")}
    dependents = list(expand(two_models._models[NAME].features))
    before = {id(dependent): dependent.calls for dependent in dependents}
    together = two_models(ExtractAndPredict((NAME, "small"), DOCUMENTS))
    for name in (NAME, "small"):
        assert together[name].document == alone[name][name].document
        assert together[name].features == alone[name][name].features
    assert max(d.calls - before[id(d)] for d in dependents) == 1


def test_what_one_model_lacks_another_may_do_without(two_models: Any) -> None:
    scores = two_models(ExtractAndPredict((NAME, "small"), changed(comment=None)))
    assert isinstance(scores[NAME], ResourceMissing)
    assert scores["small"].document["prediction"] in (True, False)


def test_fault_11_extraction_never_reaches_for_the_network(handler: Any, no_network: None) -> None:
    assert score_of(handler, DOCUMENTS).document["prediction"] in (True, False)
    for incomplete in (
        changed(text=None),
        changed(user_id=None),
        dataclasses.replace(DOCUMENTS, parent=Gone.MISSING),
        dataclasses.replace(DOCUMENTS, user=Gone.MISSING),
        dataclasses.replace(DOCUMENTS, user=None),
    ):
        assert isinstance(score_of(handler, incomplete), ResourceMissing)


def test_fault_11_a_model_that_reads_what_is_not_fetched_is_refused_at_load(tmp_path: Path) -> None:
    from revscoring.features import temporal

    write_model(tmp_path / "model.bin", [temporal.revision.page.creation.seconds_since])
    with pytest.raises(Exception, match="revision.page.creation.timestamp_str, which is not"):
        make_handler([ModelFile(NAME, tmp_path / "model.bin")])


def test_fault_9_extended_output_computes_nothing_twice(handler: Any) -> None:
    model = handler._models[NAME]
    dependents = list(expand(model.features))
    before = {id(dependent): dependent.calls for dependent in dependents}
    assert score_of(handler, DOCUMENTS).features
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
    error = score_of(handler, documents)
    assert isinstance(error, ResourceMissing)
    assert error.message == f"Missing resource for rev-id 12: {reason}"


def test_unreadable_content_is_named(tmp_path: Path) -> None:
    from revscoring.features import wikibase

    write_model(tmp_path / "model.bin", [wikibase.revision.claims])
    handler = make_handler([ModelFile(NAME, tmp_path / "model.bin")])
    error = score_of(handler, DOCUMENTS)
    assert isinstance(error, ContentUnreadable)
    assert error.message.startswith("Unexpected content type for rev-id 12: ")


def test_a_lack_of_memory_is_told_as_what_it_is(
    handler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(self: object, *arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Dependent, "__call__", no_room)
    with pytest.raises(MemoryError):
        score_of(handler, DOCUMENTS)


def test_fault_23_the_collector_visits_none_of_the_words_that_were_seen(handler: Any) -> None:
    def tracked_after(first: int) -> int:
        words = " ".join(
            f"word{chr(97 + number % 26)}x{number}" for number in range(first, first + 3000)
        )
        words = words.translate(str.maketrans("0123456789", "abcdefghij"))
        parent = dataclasses.replace(PARENT, text=words)
        score_of(handler, dataclasses.replace(changed(text=f"{words} more"), parent=parent))
        gc.collect()
        return len(gc.get_objects())

    before = tracked_after(0)
    # An lru_cache has two objects for each word, and the collector visits all after each task.
    assert max(map(tracked_after, range(3000, 15_000, 3000))) - before < 300


def test_fault_17_nothing_of_a_revision_is_kept_beyond_the_bound(model_file: Path) -> None:
    handler = make_handler([ModelFile(NAME, model_file)], Extraction(kept_bytes=50_000))

    def memory_after(rev_ids: range) -> int:
        for rev_id in rev_ids:
            text = f"{rev_id} {REVISION.text} {'x' * 1000}{rev_id}"
            parent = dataclasses.replace(PARENT, comment="x" * 10_000 + str(rev_id))
            documents = dataclasses.replace(changed(rev_id=rev_id, text=text), parent=parent)
            score_of(handler, documents)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        warm = memory_after(range(1, 10))
        # The documents of one revision are 10 kB, the values on the way to its features 40 kB.
        assert memory_after(range(10, 50)) - warm < 100_000
    finally:
        tracemalloc.stop()


def test_a_template_imports_nothing_that_only_the_server_needs() -> None:
    imported = modules_after("liftwing_serving.workers.worker, liftwing_serving.revscoring.handler")
    assert "revscoring" in imported
    assert imported & {"aiohttp", "kserve", "prometheus_client", "pydantic"} == set()
