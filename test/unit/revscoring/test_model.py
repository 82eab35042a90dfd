"""A model's answers to a batch, and the events that its instances ask for."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import BadRequest, ResourceMissing, RevisionMissing, Unavailable
from liftwing_serving.revscoring.model import RevscoringModel
from liftwing_serving.revscoring.names import ServiceName
from support.batches import MISSING, CountingApi, FakePool, document, scorer_of

SERVICE = ServiceName("enwiki", "damaging")


class FakeSender:
    """Keeps events, but not those of pages that it was told to refuse."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.events: list[dict[str, Any]] = []

    async def emit(self, event: dict[str, Any]) -> None:
        if event["page_title"] in self.refused:
            raise Unavailable("full")
        if event["page_title"] == "Defect":
            raise ZeroDivisionError
        self.events.append(event)


def event(rev_id: int, title: str) -> dict[str, Any]:
    schema = "/mediawiki/revision/create/2.0.0"
    return {"$schema": schema, "database": "enwiki", "rev_id": rev_id, "page_title": title}


async def model_with(
    sender: Any, pool: FakePool | None = None, service: ServiceName = SERVICE
) -> RevscoringModel:
    scorer = await scorer_of(CountingApi(), pool or FakePool())
    return RevscoringModel(service, scorer, sender, "scores")


async def answers(model: RevscoringModel, *fields: dict[str, Any]) -> list[Any]:
    requests = [model.read(one) for one in fields]
    return list(await model.answer_all(requests, Deadline.after(60)))


async def test_each_event_of_a_batch_is_answered_by_one_of_its_own() -> None:
    sender = FakeSender()
    shown = await answers(
        await model_with(sender),
        {"event": event(5, "A")},
        {"rev_id": 5},
        {"event": event(5, "B")},
        {"event": event(6, "C")},
        {"event": event(MISSING, "D")},
    )
    assert [type(one) for one in shown] == [dict] * 4 + [RevisionMissing]
    told = [(one["page_title"], one["rev_id"]) for one in sender.events]
    assert told == [("A", 5), ("B", 5), ("C", 6)]
    predictions = [one["scores"]["damaging"]["prediction"] for one in sender.events]
    assert predictions == [["5"], ["5"], ["6"]]
    assert len({one["meta"]["id"] for one in sender.events}) == 3


async def test_an_event_that_cannot_be_kept_is_an_error_in_its_place_only() -> None:
    sender = FakeSender("B")
    fields = [{"event": event(rev_id, title)} for rev_id, title in enumerate("ABC", 5)]
    shown = await answers(await model_with(sender), *fields, {"event": event(8, "Defect")})
    assert [type(one) for one in shown] == [dict, Unavailable, dict, ZeroDivisionError]
    assert [one["page_title"] for one in sender.events] == ["A", "C"]


@pytest.mark.parametrize(("kind", "version"), [("damaging", "1"), ("goodfaith", "2")])
async def test_answer_and_event_are_of_the_model_that_was_asked(kind: str, version: str) -> None:
    sender = FakeSender()
    service = ServiceName("enwiki", kind)
    (shown,) = await answers(await model_with(sender, None, service), {"event": event(5, "A")})
    score = document(str(service), 5)
    assert shown["enwiki"] == {
        "models": {kind: {"version": version}},
        "scores": {"5": {kind: {"score": score}}},
    }
    assert sender.events[0]["scores"] == {
        kind: {
            "model_name": kind,
            "model_version": version,
            **score,
            "prediction": [score["prediction"]],
        }
    }


async def test_features_are_shown_to_those_who_ask_for_them() -> None:
    asked = [{"rev_id": 5, "extended_output": shown} for shown in (True, False)]
    entries = [
        answer["enwiki"]["scores"]["5"]["damaging"]
        for answer in await answers(await model_with(None), *asked)
    ]
    assert [entry.get("features") for entry in entries] == [{"id": 5}, None]


async def test_what_the_features_lack_is_told_in_its_place() -> None:
    pool = FakePool()
    pool.failures = {6: ResourceMissing(6, "TextDeleted: ...")}
    fields = [{"rev_id": rev_id} for rev_id in (5, 6, 7)]
    shown = await answers(await model_with(None, pool), *fields)
    assert [type(one) for one in shown] == [dict, ResourceMissing, dict]


async def test_requests_and_answers_are_as_the_schemas_say() -> None:
    model = await model_with(FakeSender())
    for fields in ({"rev_id": 5, "lang": "en"}, {"event": event(5, "A"), "extended_output": True}):
        jsonschema.validate(fields, model.request_schema)
        (shown,) = await answers(model, fields)
        jsonschema.validate(shown, model.answer_schema)
    refused: list[dict[str, Any]] = [{}, {"rev_id": "5"}, {"event": {}}]
    for wrong in [*refused, {"rev_id": 5, "extended_output": 1}]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, model.request_schema)
        with pytest.raises(BadRequest):
            model.read(wrong)
