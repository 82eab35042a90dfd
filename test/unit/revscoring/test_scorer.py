"""From a revision's id to its score: what is asked of the wiki, until when, and what is kept."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import Overloaded, TooManyRequests, UpstreamUnusable
from liftwing_serving.events import EventSource
from liftwing_serving.mediawiki import Documents, Needs, Revisions, Wiki
from liftwing_serving.revscoring.requests import ScoreRequest
from liftwing_serving.revscoring.scorer import Scorer
from liftwing_serving.revscoring.tasks import ExtractAndPredict, ModelInfo, Score
from liftwing_serving.workers import Load, Result, Runners, Work
from support.caches import nothing_kept

NAME = "enwiki-damaging"
ORDINARY = {
    "parentid": 11,
    "timestamp": "2025-01-01T00:00:00Z",
    "user": "Alice",
    "userid": 3,
    "size": 60,
    "comment": "why",
    "slots": {"main": {"content": "text", "contentmodel": "wikitext"}},
}
ALL = Needs(parent=True, user=True)


class FakeApi:
    """Has each revision, and remembers what it was asked and until when."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.asked: list[object] = []
        self.deadlines: set[Deadline] = set()

    async def query(
        self, wiki: Wiki, parameters: Mapping[str, str], deadline: Deadline, patient: bool = True
    ) -> dict[str, Any]:
        self.deadlines.add(deadline)
        if name := parameters.get("ususers"):
            self.asked.append(name)
            return {"query": {"users": [{"name": name}]}}
        rev_id = int(parameters["revids"])
        self.asked.append(rev_id)
        revision = {"revid": rev_id, **ORDINARY, **self.fields}
        return {"query": {"pages": [{"pageid": 5, "ns": 0, "title": "T", "revisions": [revision]}]}}


class BrokenApi:
    """Fails each call."""

    async def query(
        self, wiki: Wiki, parameters: Mapping[str, str], deadline: Deadline, patient: bool = True
    ) -> dict[str, Any]:
        raise UpstreamUnusable("broken")


class WatchedScore(Score):
    """Can be referred to weakly, unlike a class with slots only."""


class FakeRunner:
    """Scores with nothing in a moment; remembers what was scored."""

    def __init__(self, needs: Needs) -> None:
        names = (NAME, "enwiki-a", "enwiki-b")
        self.description = [ModelInfo(name, "1", needs) for name in names]
        self.alive = True
        self.load = Load(10)
        self.documents: list[Documents] = []
        self.deadlines: set[Deadline] = set()
        self.scores: list[weakref.ref[Score]] = []

    async def start(self) -> None:
        pass

    async def run(self, task: object, deadline: Deadline, work: Work = Work()) -> Result:
        assert isinstance(task, ExtractAndPredict)
        self.documents.append(task.documents)
        self.deadlines.add(deadline)
        await asyncio.sleep(0.01)
        scores = {name: WatchedScore({"prediction": True}, {}, 0.0, 0.0) for name in task.models}
        self.scores += map(weakref.ref, scores.values())
        return Result(scores, 0.0)

    async def close(self) -> None:
        pass


async def scorer_of(api: Any, runner: FakeRunner) -> Scorer:
    revisions = Revisions(Wiki("http://127.0.0.1"), api)
    scorer = Scorer(revisions, Runners(runner, runner), heavy_bytes=100_000, kept=nothing_kept())
    await scorer.start()
    return scorer


def request(rev_id: int = 12, *models: str, extended_output: bool = False) -> ScoreRequest:
    return ScoreRequest(rev_id, models or (NAME,), extended_output)


@pytest.mark.parametrize(
    ("needs", "fields", "asked"),
    [
        (ALL, {}, [12, 11, "Alice"]),
        (Needs(parent=True), {}, [12, 11]),
        (Needs(user=True), {}, [12, "Alice"]),
        (Needs(), {}, [12]),
        (ALL, {"parentid": 0}, [12, "Alice"]),
        (ALL, {"userid": 0}, [12, 11]),
        (ALL, {"userid": None, "user": None}, [12, 11]),
    ],
)
async def test_only_what_the_features_read_and_the_wiki_can_have_is_fetched(
    needs: Needs, fields: dict[str, Any], asked: list[object]
) -> None:
    api = FakeApi(**fields)
    scorer = await scorer_of(api, FakeRunner(needs))
    await scorer.score(request(), Deadline.after(5))
    assert api.asked == asked


async def test_one_deadline_is_over_all_calls_and_the_score() -> None:
    api, runner = FakeApi(), FakeRunner(ALL)
    deadline = Deadline.after(5)
    await (await scorer_of(api, runner)).score(request(), deadline)
    assert len(api.asked) == 3
    assert api.deadlines == runner.deadlines == {deadline}


async def test_those_who_ask_at_once_share_one_score() -> None:
    api, runner = FakeApi(), FakeRunner(ALL)
    scorer = await scorer_of(api, runner)
    asking = (scorer.score(request(), Deadline.after(5)) for _ in range(10))
    scores = await asyncio.gather(*asking)
    assert len(runner.documents) == 1
    assert all(score is scores[0] for score in scores)


async def test_scores_are_kept_by_nobody_once_they_are_handed_over() -> None:
    runner = FakeRunner(ALL)
    scorer = await scorer_of(FakeApi(), runner)
    for rev_id in range(1, 20):
        await scorer.score(request(rev_id), Deadline.after(5))
    await asyncio.sleep(0)
    gc.collect()
    assert [score() for score in runner.scores] == [None] * 19


async def test_requests_that_differ_in_what_is_shown_share_one_score() -> None:
    runner = FakeRunner(ALL)
    scorer = await scorer_of(FakeApi(), runner)
    shown = (request(extended_output=shown) for shown in (False, True))
    first, second = await asyncio.gather(*(scorer.score(r, Deadline.after(5)) for r in shown))
    assert first is second and len(runner.documents) == 1


async def test_several_models_of_one_revision_are_one_task() -> None:
    runner = FakeRunner(ALL)
    scorer = await scorer_of(FakeApi(), runner)
    scores = await scorer.score(request(12, "enwiki-a", "enwiki-b"), Deadline.after(5))
    assert list(scores) == ["enwiki-a", "enwiki-b"]
    assert len(runner.documents) == 1


async def test_models_that_are_asked_apart_share_the_documents_but_no_score() -> None:
    api, runner = FakeApi(), FakeRunner(ALL)
    scorer = await scorer_of(api, runner)
    both = (request(12, name) for name in ("enwiki-a", "enwiki-b"))
    first, second = await asyncio.gather(*(scorer.score(r, Deadline.after(5)) for r in both))
    assert (list(first), list(second)) == (["enwiki-a"], ["enwiki-b"])
    assert api.asked == [12, 11, "Alice"]
    assert len(runner.documents) == 2


async def busy_scorer(api: Any) -> tuple[Scorer, FakeRunner]:
    """One whose only worker has so much to do that nothing more can be done in time."""
    runner = FakeRunner(ALL)
    for _ in range(1000):
        runner.load.announce(Work("other work"))
    return await scorer_of(api, runner), runner


async def test_fault_20_what_cannot_be_done_in_time_is_refused_before_mediawiki_is_asked() -> None:
    api = FakeApi()
    scorer, runner = await busy_scorer(api)
    with pytest.raises(TooManyRequests) as caught:
        await scorer.score(request(), Deadline.after(5))
    assert caught.value.retry_after is not None and caught.value.retry_after >= 1
    assert api.asked == runner.documents == []


async def test_fault_20_a_request_by_event_is_refused_with_a_status_that_is_repeated() -> None:
    scorer, _ = await busy_scorer(FakeApi())
    event = EventSource("enwiki", 12)
    with pytest.raises(Overloaded) as caught:
        await scorer.score(ScoreRequest(12, (NAME,), event=event), Deadline.after(5))
    assert (caught.value.status, bool(caught.value.retry_after)) == (503, True)


async def test_a_request_is_admitted_or_refused_by_the_size_that_its_event_tells() -> None:
    runner = FakeRunner(ALL)
    scorer = await scorer_of(FakeApi(), runner)
    load = runner.load
    for size in (1_000, 10_000, 100_000):
        share = load.add(Work((NAME,), size))
        load.begin(share, 0.0)
        load.finish(share, size / 20_000)
    # There is work, and half of the time that may be planned with is over for what takes longest.
    load.begin(load.add(Work("other work")), 0.0)

    async def ask(size: int | None, parent: int | None, parent_id: int = 11) -> object:
        event = EventSource(
            "enwiki", 12, rev_parent_id=parent_id, rev_size=size, parent_size=parent
        )
        asked = ScoreRequest(12, (NAME,), event=event)
        try:
            return type((await scorer.score(asked, Deadline.after(5)))[NAME])
        except Overloaded as error:
            return type(error)

    assert await ask(50_000, 50_000) is Overloaded
    # Without its parent's size a revision is taken to be as large.
    assert await ask(50_000, None) is Overloaded
    assert await ask(50_000, None, parent_id=0) is not Overloaded
    assert await ask(1_000, 1_000) is not Overloaded
    assert await ask(None, None) is not Overloaded


async def test_a_request_that_joins_a_score_under_way_is_never_refused() -> None:
    runner = FakeRunner(ALL)
    scorer = await scorer_of(FakeApi(), runner)
    first = asyncio.create_task(scorer.score(request(), Deadline.after(5)))
    await asyncio.sleep(0)
    for _ in range(1000):
        runner.load.announce(Work("other work"))
    assert await scorer.score(request(), Deadline.after(5)) is await first


async def test_what_is_being_fetched_counts_until_it_is_there_or_has_failed() -> None:
    runner = FakeRunner(ALL)
    scorer = await scorer_of(BrokenApi(), runner)
    asking = [scorer.score(request(rev_id), Deadline.after(5)) for rev_id in range(1, 1000)]
    results = Counter(map(type, await asyncio.gather(*asking, return_exceptions=True)))
    # Each is expected to take 25 ms, so that 200 would take all of the five seconds.
    assert 100 < results[UpstreamUnusable] <= 200
    assert results[UpstreamUnusable] + results[TooManyRequests] == 999
    assert runner.load.queued_seconds(0) == 0
