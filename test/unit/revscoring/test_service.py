"""From a revision's id to its score: what is asked of the wiki, until when, and what is kept."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import weakref
from typing import Any

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.documents import Documents, Needs, Page, Revision, User
from liftwing_serving.jobs import Outcome
from liftwing_serving.revscoring.engine import Engine
from liftwing_serving.revscoring.service import ScoringService
from liftwing_serving.revscoring.tasks import ExtractAndPredict, ModelInfo, Score

ORDINARY = Revision(
    rev_id=12,
    parent_id=11,
    page=Page(page_id=5, namespace=0, title="Sandbox"),
    timestamp="2025-01-01T00:00:00Z",
    user="Alice",
    user_id=3,
    size=60,
    comment="why",
    text="text",
    content_model="wikitext",
)
ALL = Needs(parent=True, user=True)


class FakeWiki:
    """Has each revision, and remembers what it was asked and until when."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.asked: list[object] = []
        self.deadlines: set[Deadline] = set()

    async def revision(self, rev_id: int, deadline: Deadline) -> Revision:
        self.asked.append(rev_id)
        self.deadlines.add(deadline)
        return dataclasses.replace(ORDINARY, rev_id=rev_id, **self.fields)

    async def user(self, name: str, deadline: Deadline) -> User:
        self.asked.append(name)
        self.deadlines.add(deadline)
        return User(name, [], None, 1, None)

    async def close(self) -> None:
        pass


class WatchedScore(Score):
    """Can be referred to weakly, unlike a class with slots only."""


class FakeRunner:
    """Scores with nothing in a moment; remembers what was scored."""

    def __init__(self, needs: Needs) -> None:
        self.description = [ModelInfo("enwiki-damaging", "1", needs)]
        self.documents: list[Documents] = []
        self.deadlines: set[Deadline] = set()
        self.scores: list[weakref.ref[Score]] = []

    async def start(self) -> None:
        pass

    async def run(self, task: object, deadline: Deadline, heavy: bool = False) -> Outcome:
        assert isinstance(task, ExtractAndPredict)
        self.documents.append(task.documents)
        self.deadlines.add(deadline)
        await asyncio.sleep(0.01)
        score = WatchedScore({"prediction": True}, {}, 0.0, 0.0)
        self.scores.append(weakref.ref(score))
        return Outcome(score, 0.0)

    async def close(self) -> None:
        pass


async def service_of(wiki: Any, runner: FakeRunner) -> ScoringService:
    service = ScoringService("enwiki", wiki, Engine(runner, runner, heavy_bytes=100_000))
    await service.start()
    return service


@pytest.mark.parametrize(
    ("needs", "fields", "asked"),
    [
        (ALL, {}, [12, 11, "Alice"]),
        (Needs(parent=True), {}, [12, 11]),
        (Needs(user=True), {}, [12, "Alice"]),
        (Needs(), {}, [12]),
        (ALL, {"parent_id": 0}, [12, "Alice"]),
        (ALL, {"user_id": 0}, [12, 11]),
        (ALL, {"user_id": None, "user": None}, [12, 11]),
    ],
)
async def test_only_what_the_features_read_and_the_wiki_can_have_is_fetched(
    needs: Needs, fields: dict[str, Any], asked: list[object]
) -> None:
    wiki = FakeWiki(**fields)
    service = await service_of(wiki, FakeRunner(needs))
    await service.score("enwiki-damaging", 12, Deadline.after(5))
    assert wiki.asked == asked


async def test_one_deadline_is_over_all_calls_and_the_score() -> None:
    wiki, runner = FakeWiki(), FakeRunner(ALL)
    deadline = Deadline.after(5)
    await (await service_of(wiki, runner)).score("enwiki-damaging", 12, deadline)
    assert len(wiki.asked) == 3
    assert wiki.deadlines == runner.deadlines == {deadline}


async def test_those_who_ask_at_once_share_one_score() -> None:
    wiki, runner = FakeWiki(), FakeRunner(ALL)
    service = await service_of(wiki, runner)
    asking = (service.score("enwiki-damaging", 12, Deadline.after(5)) for _ in range(10))
    scores = await asyncio.gather(*asking)
    assert len(runner.documents) == 1
    assert all(score is scores[0] for score in scores)


async def test_scores_are_kept_by_nobody_once_they_are_handed_over() -> None:
    runner = FakeRunner(ALL)
    service = await service_of(FakeWiki(), runner)
    for rev_id in range(1, 20):
        await service.score("enwiki-damaging", rev_id, Deadline.after(5))
    await asyncio.sleep(0)
    gc.collect()
    assert [score() for score in runner.scores] == [None] * 19
