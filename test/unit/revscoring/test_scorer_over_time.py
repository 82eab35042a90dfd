"""A scorer that has answered many requests, well or badly, is as it was before."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded, ResourceMissing, RevisionMissing
from liftwing_serving.mediawiki import Api, Needs, Revisions, Wiki
from liftwing_serving.outbound import open_session
from liftwing_serving.retries import RetryPolicy
from liftwing_serving.revscoring.requests import ScoreRequest
from liftwing_serving.revscoring.scorer import Scorer
from liftwing_serving.revscoring.tasks import (
    BatchScores,
    Extract,
    ExtractAndPredict,
    Features,
    ModelInfo,
    PredictBatch,
    Score,
)
from liftwing_serving.workers import Load, Result, Runners, Work
from support.caches import nothing_kept

NAME = "enwiki-damaging"
SLOW, FAILING = 7, 9  # last digits of revisions that take too long to score, or cannot be scored
MISSING = 1_000_000  # revisions from here on are not in the wiki


async def answer(request: web.Request) -> web.Response:
    """The part of MediaWiki that is asked here: any revision, any user."""
    if "ususers" in request.query:
        users = [{"userid": 3, "name": name} for name in request.query["ususers"].split("|")]
        return web.json_response({"query": {"users": users}})
    asked = [int(text) for text in request.query["revids"].split("|")]
    revisions = [
        {
            "revid": rev_id,
            "parentid": rev_id + 100_000 if rev_id < 100_000 else 0,
            "user": f"User {rev_id}",
            "userid": 3,
            "timestamp": "2026-01-01T00:00:00Z",
            "size": 5,
            "comment": "why",
            "slots": {"main": {"contentmodel": "wikitext", "content": f"text {rev_id}"}},
        }
        for rev_id in asked
        if rev_id < MISSING
    ]
    page = {"pageid": 9, "ns": 0, "title": "Page", "revisions": revisions}
    missing = {str(rev_id): {"revid": rev_id} for rev_id in asked if rev_id >= MISSING}
    return web.json_response({"query": {"pages": [page], "badrevids": missing}})


class Runner:
    """Stands in for the worker pool."""

    description = [ModelInfo(NAME, "1", Needs(parent=True, user=True))]
    alive = True

    def __init__(self) -> None:
        self.load = Load(10)
        self.load.workers = 1000

    async def start(self) -> None:
        pass

    async def run(self, task: object, deadline: Deadline, work: Work = Work()) -> Result:
        if isinstance(task, PredictBatch):
            documents = [{"prediction": int(row)} for row in task.rows[NAME]]
            return Result({NAME: BatchScores([*documents], 0.0)}, 0.0)
        assert isinstance(task, Extract | ExtractAndPredict)
        rev_id = task.documents.revision.rev_id
        if rev_id % 10 == FAILING:
            raise ResourceMissing(rev_id, "gone")
        if rev_id % 10 == SLOW:
            await deadline.wait_for(asyncio.sleep(60))
        if isinstance(task, Extract):
            return Result({NAME: Features(b"%d" % rev_id, {}, 0.0)}, 0.0)
        return Result({NAME: Score({"prediction": rev_id}, {}, 0.0, 0.0)}, 0.0)

    async def close(self) -> None:
        pass


@pytest.fixture
async def scorer() -> AsyncIterator[Scorer]:
    app = web.Application()
    app.router.add_get("/w/api.php", answer)
    async with TestServer(app) as server, open_session() as session:
        wiki = Wiki(str(server.make_url("/")))
        revisions = Revisions(wiki, Api(session, 5.0, RetryPolicy(0, 0.0)))
        runner = Runner()
        scorer = Scorer(
            revisions, Runners(runner, runner), heavy_bytes=100_000, kept=nothing_kept()
        )
        await scorer.start()
        yield scorer
        await scorer.close()


def held() -> Counter[type]:
    """How many objects of the package's own classes there are."""
    gc.collect()
    kinds = (type(thing) for thing in gc.get_objects())
    return Counter(kind for kind in kinds if "liftwing_serving" in str(kind))


async def test_fault_17_nothing_of_a_request_outlives_it(scorer: Scorer) -> None:
    async def ask(rev_id: int) -> object:
        slow = rev_id % 10 == SLOW and rev_id < MISSING
        try:
            deadline = Deadline.after(0.2 if slow else 30)
            score = (await scorer.score(ScoreRequest(rev_id, (NAME,)), deadline))[NAME]
        except (DeadlineExceeded, ResourceMissing, RevisionMissing) as error:
            return type(error)
        assert isinstance(score, Score)
        return score.document["prediction"]

    async def ask_for(rev_ids: range) -> list[object]:
        # Each twice at a time, so that they share their work as well.
        return await asyncio.gather(*map(ask, rev_ids), *map(ask, rev_ids))

    async def ask_in_a_batch(rev_ids: Sequence[int], seconds: float) -> list[object]:
        requests = [ScoreRequest(rev_id, (NAME,)) for rev_id in rev_ids]
        outcomes = await scorer.score_all([*requests, *requests], Deadline.after(seconds))
        return [
            type(outcome) if isinstance(outcome, Exception) else shown(outcome[NAME])
            for outcome in outcomes
        ]

    def shown(score: object) -> object:
        assert isinstance(score, Score)
        return score.document["prediction"]

    def expected(rev_id: int) -> object:
        return {SLOW: DeadlineExceeded, FAILING: ResourceMissing}.get(rev_id % 10, rev_id)

    await ask_for(range(1, 21))
    await ask_for(range(MISSING, MISSING + 20))
    await ask_in_a_batch(range(1, 21), 0.5)
    before = held()
    known, missing = range(100, 500), range(MISSING + 100, MISSING + 500)
    assert await ask_for(known) == 2 * [expected(rev_id) for rev_id in known]
    assert await ask_for(missing) == 2 * [RevisionMissing] * len(missing)
    slow = range(500 + SLOW, 740, 10)
    assert await ask_in_a_batch(slow, 1) == 2 * [DeadlineExceeded] * len(slow)
    others = sorted({*range(500, 740)} - {*slow})
    assert await ask_in_a_batch(others, 60) == 2 * [expected(rev_id) for rev_id in others]
    assert held() - before == Counter()
