"""The scorer over real workers, with a handler that stands in for revscoring's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving import metrics
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import DeadlineExceeded
from liftwing_serving.mediawiki import Documents, Needs, Page, Revision
from liftwing_serving.revscoring.requests import ScoreRequest
from liftwing_serving.revscoring.scorer import Scorer
from liftwing_serving.revscoring.tasks import Score
from liftwing_serving.settings import WorkerSettings
from liftwing_serving.workers import HandlerSpec, make_runners
from support.caches import nothing_kept
from support.processes import ROOT

NAME = "enwiki-damaging"
PAGE = Page(page_id=5, namespace=0, title="Sandbox")


class FakeRevisions:
    """Has the revisions that it was given."""

    def __init__(self) -> None:
        self.given: dict[int, Documents] = {}

    async def documents(self, rev_id: int, needs: Needs, deadline: Deadline) -> Documents:
        return self.given[rev_id]

    async def close(self) -> None:
        pass


@pytest.fixture
def revisions() -> Any:
    return FakeRevisions()


@pytest.fixture
async def scorer(monkeypatch: pytest.MonkeyPatch, revisions: Any) -> AsyncIterator[Scorer]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "test"))
    runners = make_runners(
        WorkerSettings(asyncio_aux_workers=2), HandlerSpec("support.scorer:make", None)
    )
    scorer = Scorer(revisions, runners, heavy_bytes=1000, kept=nothing_kept())
    await scorer.start()
    yield scorer
    await scorer.close()


@pytest.fixture
def score(scorer: Scorer, revisions: FakeRevisions) -> Callable[[Documents], Awaitable[object]]:
    async def score(given: Documents) -> object:
        rev_id = given.revision.rev_id
        revisions.given[rev_id] = given
        scores = await scorer.score(ScoreRequest(rev_id, (NAME,)), Deadline.after(10))
        of_model = scores[NAME]
        assert isinstance(of_model, Score)
        return of_model.document["prediction"]

    return score


def documents(rev_id: int, text: str, parent_text: str, wait_for: Path | None = None) -> Documents:
    comment = str(wait_for) if wait_for else ""
    return Documents(revision(rev_id, text, comment), revision(rev_id - 1, parent_text))


def revision(rev_id: int, text: str, comment: str = "") -> Revision:
    return Revision(rev_id, 1, PAGE, None, None, None, len(text), comment, text, "wikitext")


async def test_fault_7_light_revisions_do_not_wait_behind_blanked_pages_with_huge_parents(
    score: Any, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    blanked = [documents(10 * number, "", "x" * 1000, wait_for=gate) for number in range(1, 4)]
    heavy = [asyncio.create_task(score(given)) for given in blanked]
    light = [documents(number, "short", "x") for number in range(100, 120)]
    assert await asyncio.gather(*map(score, light)) == list(range(100, 120))
    gate.touch()
    assert await asyncio.gather(*heavy) == [10, 20, 30]


async def test_fault_8_documents_are_sent_to_a_worker_and_no_model(
    score: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0
    send = socket.socket.send

    def count(self: socket.socket, data: bytes, *flags: int) -> int:
        nonlocal sent
        now = send(self, data, *flags)
        sent += now
        return now

    monkeypatch.setattr(socket.socket, "send", count)
    for rev_id in range(100, 110):
        await score(documents(rev_id, "x" * 500, "y" * 300))
    assert 10 * 800 < sent < 10 * 2000


async def test_many_askers_of_a_score_that_cannot_end_in_time_cost_one_worker(
    scorer: Scorer, revisions: FakeRevisions, tmp_path: Path
) -> None:
    revisions.given[5] = documents(5, "short", "x", wait_for=tmp_path / "never")
    stopped_before = metrics.WORKERS_STOPPED._value.get()

    async def ask(number: int) -> None:
        await asyncio.sleep(0.05 * number)
        await scorer.score(ScoreRequest(5, (NAME,)), Deadline.after(1))

    errors = await asyncio.gather(*map(ask, range(14)), return_exceptions=True)
    assert [type(error) for error in errors] == [DeadlineExceeded] * 14
    # All that was begun is stopped some time.
    async with asyncio.timeout(20):
        while scorer.runners.preprocess.load._begun:
            await asyncio.sleep(0.05)
    assert metrics.WORKERS_STOPPED._value.get() - stopped_before == 1
