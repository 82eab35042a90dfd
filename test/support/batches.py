"""A wiki and a pool that stand in for the real ones, for batches; both remember what was asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import ServingError
from liftwing_serving.mediawiki import Needs, Revisions, Wiki
from liftwing_serving.revscoring.kept import KeptScores
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
ALL = Needs(parent=True, user=True)
# Ids from here on are those of parents, which the wiki has for all below.
PARENTS = 100_000
MISSING, BROKEN = 777, 888


class CountingApi:
    """Has each revision but MISSING; a call for BROKEN is unusable."""

    def __init__(self) -> None:
        self.revisions: list[list[int]] = []
        self.users: list[int] = []
        self.seconds = 0.0
        # Of each revision, which decides whether it is heavy.
        self.size: Callable[[int], int] = lambda rev_id: 60

    async def query(
        self, wiki: Wiki, parameters: Mapping[str, str], deadline: Deadline, patient: bool = True
    ) -> dict[str, Any]:
        await asyncio.sleep(self.seconds)
        if "list" in parameters:
            names = parameters["ususers"].split("|")
            self.users.append(len(names))
            return {"query": {"users": [{"name": name} for name in names]}}
        rev_ids = [int(text) for text in parameters["revids"].split("|")]
        self.revisions.append(rev_ids)
        found = [self._revision(rev_id) for rev_id in rev_ids if rev_id != MISSING]
        if BROKEN in rev_ids:
            found[0]["size"] = "unreadable"
        missing = {str(rev_id): {"revid": rev_id} for rev_id in rev_ids if rev_id == MISSING}
        page = {"pageid": 5, "ns": 0, "title": "T", "revisions": found}
        return {"query": {"pages": [page], "badrevids": missing}}

    def _revision(self, rev_id: int) -> dict[str, Any]:
        return {
            "revid": rev_id,
            "parentid": rev_id + PARENTS if rev_id < PARENTS else 0,
            "timestamp": "2025-01-01T00:00:00Z",
            "user": f"User {rev_id}",
            "userid": rev_id,
            "size": self.size(rev_id),
            "comment": "",
            "slots": {"main": {"content": "text", "contentmodel": "wikitext"}},
        }


class FakePool:
    """So many workers, first come first served. A revision's prediction is its id, and each of the
    two models has a version, and a label, of its own."""

    def __init__(self, workers: int = 2, needs: Needs = ALL) -> None:
        versions = {NAME: "1", "enwiki-goodfaith": "2"}
        self.description = [ModelInfo(name, number, needs) for name, number in versions.items()]
        self.alive = True
        self.load = Load(10)
        self.load.workers = workers
        self._free = asyncio.Semaphore(workers)
        self.tasks: list[object] = []
        self.deadlines: list[Deadline] = []
        self.scored: list[int] = []
        self.most_waiting = 0
        self.seconds: Callable[[int], float] = lambda rev_id: 0.0
        self.failures: dict[int, Exception] = {}
        # What is raised for all models of a revision, by its id.
        self.refusals: dict[int, Exception] = {}
        self.scoring_failure: ServingError | None = None

    async def start(self) -> None:
        pass

    async def run(self, task: object, deadline: Deadline, work: Work = Work()) -> Result:
        self.tasks.append(task)
        self.deadlines.append(deadline)
        share = self.load.add(work)
        self.most_waiting = max(self.most_waiting, len(self.load._waiting))
        try:
            return await deadline.wait_for(self._run(task, share))
        finally:
            self.load.remove(share)

    async def close(self) -> None:
        pass

    @property
    def extracted(self) -> list[int]:
        """Of which revisions features were asked for, in that order."""
        return [task.documents.revision.rev_id for task in self.tasks if isinstance(task, Extract)]

    async def _run(self, task: object, share: Any) -> Result:
        async with self._free:
            self.load.begin(share, time.monotonic())
            if isinstance(task, PredictBatch):
                if self.scoring_failure:
                    raise self.scoring_failure
                return Result({name: _scores(name, rows) for name, rows in task.rows.items()}, 0.0)
            assert isinstance(task, Extract | ExtractAndPredict)
            rev_id = task.documents.revision.rev_id
            await asyncio.sleep(self.seconds(rev_id))
            self.load.finish(share, time.monotonic())
            if rev_id in self.refusals:
                raise self.refusals[rev_id]
            failure = self.failures.get(rev_id)
            if isinstance(failure, ServingError) and not failure.repeat:
                return Result({name: failure for name in task.models}, 0.0)
            if failure:
                raise failure
            features = Features(str(rev_id).encode(), {"id": rev_id}, 0.0)
            if isinstance(task, Extract):
                return Result({name: features for name in task.models}, 0.0)
            documents = {name: document(name, rev_id) for name in task.models}
            scores = {name: Score(it, features.base, 0.0, 0.0) for name, it in documents.items()}
            return Result(scores, 0.0)


def document(model: str, rev_id: int) -> dict[str, Any]:
    """What a model says of a revision."""
    return {"prediction": str(rev_id), "probability": {model: 1.0}}


def _scores(model: str, rows: Sequence[bytes]) -> BatchScores:
    return BatchScores([document(model, int(row)) for row in rows], 0.0)


async def scorer_of(
    api: Any, pool: FakePool, heavy_bytes: int = 100_000, kept: KeptScores | None = None
) -> Scorer:
    revisions = Revisions(Wiki("http://127.0.0.1"), api)
    scorer = Scorer(revisions, Runners(pool, pool), heavy_bytes, kept or nothing_kept())
    await scorer.start()
    return scorer


def requests(rev_ids: Sequence[int], *models: str, event: Any = None) -> list[ScoreRequest]:
    return [ScoreRequest(rev_id, models or (NAME,), event=event) for rev_id in rev_ids]


def predictions(outcomes: Sequence[Any]) -> list[object]:
    """What the first model predicts of each, as a number, or the type of what is in its place."""
    shown: list[object] = []
    for outcome in outcomes:
        first = outcome if isinstance(outcome, Exception) else next(iter(outcome.values()))
        shown.append(int(first.document["prediction"]) if isinstance(first, Score) else type(first))
    return shown
