"""Several models of several revisions in one call, in ORES' shape."""

from __future__ import annotations

from collections import Counter
from typing import Any

import jsonschema
import pytest
from liftwing_serving import errors
from liftwing_serving.deadline import Deadline
from liftwing_serving.revscoring.names import ServiceName
from liftwing_serving.revscoring.several import SeveralModels, ores_error
from liftwing_serving.revscoring.tasks import Extract
from support.batches import MISSING, CountingApi, FakePool, document, scorer_of

SERVICES = [ServiceName("enwiki", "damaging"), ServiceName("enwiki", "goodfaith")]
SOON = 60


async def route(pool: FakePool, api: CountingApi | None = None) -> SeveralModels:
    return SeveralModels(SERVICES, await scorer_of(api or CountingApi(), pool), max_revisions=3)


async def answer(to: SeveralModels, **fields: Any) -> Any:
    return (await to.answer(to.read(fields), Deadline.after(SOON)))["enwiki"]


async def test_each_revision_has_the_score_of_each_model_from_one_extraction() -> None:
    pool = FakePool()
    shown = await answer(await route(pool), rev_ids=[5, 6])
    assert shown == {
        "models": {"damaging": {"version": "1"}, "goodfaith": {"version": "2"}},
        "scores": {
            str(rev_id): {
                kind: {"score": document(f"enwiki-{kind}", rev_id)}
                for kind in ("damaging", "goodfaith")
            }
            for rev_id in (5, 6)
        },
    }
    assert Counter(pool.extracted) == {5: 1, 6: 1}


@pytest.mark.parametrize("asked", ["goodfaith", "enwiki-goodfaith"])
async def test_models_are_named_by_kind_or_in_full(asked: str) -> None:
    document = await answer(await route(FakePool()), rev_ids=[5], models=[asked, asked])
    assert list(document["models"]) == list(document["scores"]["5"]) == ["goodfaith"]


async def test_features_come_with_the_scores_if_they_are_asked_for() -> None:
    document = await answer(await route(FakePool()), rev_ids=[5], extended_output=True)
    assert document["scores"]["5"]["damaging"]["features"] == {"id": 5}


async def test_a_revision_that_fails_has_the_error_under_each_model() -> None:
    shown = await answer(await route(FakePool()), rev_ids=[MISSING, 5])
    error = {
        "type": "RevisionNotFound",
        "message": f"RevisionNotFound: Could not find revision ({{revision}}:{MISSING})",
    }
    assert shown["scores"] == {
        str(MISSING): {"damaging": {"error": error}, "goodfaith": {"error": error}},
        "5": {kind: {"score": document(f"enwiki-{kind}", 5)} for kind in ("damaging", "goodfaith")},
    }


async def test_no_revisions_have_no_scores() -> None:
    assert (await answer(await route(FakePool()), rev_ids=[]))["scores"] == {}


async def test_all_that_may_work_on_a_second_try_is_a_503() -> None:
    pool = FakePool()
    pool.scoring_failure = errors.WorkerLost("both died")
    to = await route(pool)
    with pytest.raises(errors.NoneAnswered) as caught:
        await answer(to, rev_ids=[5, 6])
    assert (caught.value.status, caught.value.retry_after) == (503, 1)
    # One answer that is final is an answer.
    document = await answer(to, rev_ids=[MISSING, 5])
    assert document["scores"]["5"]["damaging"]["error"]["type"] == "WorkerLost"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, 'Expected "rev_ids" in input data.'),
        ({"rev_ids": 5}, 'Expected "rev_ids" to be a list.'),
        ({"rev_ids": [5, "6"]}, 'Expected "rev_ids[1]" to be an integer.'),
        ({"rev_ids": [0]}, 'Expected "rev_ids[0]" to be a positive integer.'),
        ({"rev_ids": [5], "models": "damaging"}, 'Expected "models" to be a list.'),
        *(
            (
                {"rev_ids": [5], "models": models},
                'Expected "models" to be a list of some of: damaging, goodfaith.',
            )
            for models in (["reverted"], [], [5], [["damaging"]], ["dewiki-damaging"])
        ),
        ({"rev_ids": [5], "extended_output": 1}, 'Expected "extended_output" to be a boolean.'),
        ({"rev_ids": [5], "lang": "de"}, 'Expected "lang" to be that of enwiki, which this'),
    ],
)
async def test_what_is_wrong_is_refused_by_name(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(errors.BadRequest) as caught:
        (await route(FakePool())).read(fields)
    assert caught.value.message.startswith(text)


async def test_more_revisions_than_the_server_takes_are_refused() -> None:
    with pytest.raises(errors.TooManyInstances) as caught:
        (await route(FakePool())).read({"rev_ids": [1, 2, 3, 4]})
    assert caught.value.status == 413


async def test_requests_and_answers_are_as_the_schemas_say() -> None:
    to = await route(FakePool())
    request = {"rev_ids": [5, MISSING], "models": ["goodfaith"], "extended_output": True}
    jsonschema.validate(request | {"lang": "en"}, to.request_schema)
    for wrong in ({}, {"rev_ids": [0]}, {"rev_ids": [1, 2, 3, 4]}, request | {"models": ["x"]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, to.request_schema)
        with pytest.raises(errors.ServingError):
            to.read(wrong)
    document = await to.answer(to.read(request), Deadline.after(SOON))
    jsonschema.validate(document, to.answer_schema)
    document["enwiki"]["scores"]["5"]["goodfaith"] = {"score": {}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, to.answer_schema)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.RevisionMissing(5), "RevisionNotFound"),
        (errors.ResourceMissing(5, "TextDeleted: Text deleted (x)"), "TextDeleted"),
        (errors.ContentUnreadable(5, "UnexpectedContentType: Expected"), "UnexpectedContentType"),
        (errors.DeadlineExceeded(), "TimeoutError"),
        (errors.UpstreamUnusable("MediaWiki's answer is not JSON."), "UpstreamUnusable"),
    ],
)
def test_failures_have_the_types_that_ores_gave_them(error: Exception, kind: str) -> None:
    assert ores_error(error)["type"] == kind


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("secret"), errors.InternalError("secret", "secret traceback")]
)
def test_a_defect_is_logged_and_told_as_no_more_than_one(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    told = ores_error(error)
    assert told["type"] == "InternalError"
    assert "secret" not in told["message"]
    assert "secret" in caplog.text


async def test_values_are_injected_into_the_revisions_that_they_are_given_for() -> None:
    pool = FakePool()
    shown = await answer(await route(pool), rev_ids=[5, 6], inject={"6": {"feature.x": 1}})
    injected = {task.documents.revision.rev_id: dict(task.injected) for task in extracts(pool)}
    assert injected == {5: {}, 6: {"feature.x": 1}}
    entries = {
        rev_id: entry["damaging"].get("injected") for rev_id, entry in shown["scores"].items()
    }
    assert entries == {"5": None, "6": {"feature.x": 1}}


async def test_what_cannot_be_injected_refuses_the_whole_request() -> None:
    pool = FakePool()
    pool.refusals = {6: errors.InjectionRefused("no feature.x")}
    with pytest.raises(errors.InjectionRefused):
        await answer(await route(pool), rev_ids=[5, 6], inject={"6": {"feature.x": 1}})
    to = await route(FakePool())
    wrongs: list[object] = [[], {"7": {}}, {"5": []}, {"05": {"feature.x": 1}}]
    for wrong in wrongs:
        with pytest.raises(errors.BadRequest):
            to.read({"rev_ids": [5], "inject": wrong})


def extracts(pool: FakePool) -> list[Extract]:
    return [task for task in pool.tasks if isinstance(task, Extract)]
