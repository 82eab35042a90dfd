"""How documents become tasks: which are heavy, and how long they may take."""

from __future__ import annotations

from typing import Any

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.mediawiki import Documents, Gone, Needs, Page, Revision
from liftwing_serving.revscoring.requests import ScoreRequest
from liftwing_serving.revscoring.scorer import Scorer
from liftwing_serving.revscoring.tasks import Extract, Features, ModelInfo, Score
from liftwing_serving.workers import Load, Result, Runners, Work
from support.caches import nothing_kept

NAME = "enwiki-damaging"
THRESHOLD = 1000


class Recorder:
    """A runner that answers at once and remembers what it was handed."""

    description = [ModelInfo(NAME, "1", Needs(parent=True))]
    alive = True

    def __init__(self) -> None:
        self.load = Load(10)
        self.deadlines: list[Deadline] = []
        self.heavy: list[bool] = []

    async def start(self) -> None:
        pass

    async def run(self, task: object, deadline: Deadline, work: Work = Work()) -> Result:
        self.deadlines.append(deadline)
        self.heavy.append(work.heavy)
        value: Any = (
            Features(b"", {}, 0.0) if isinstance(task, Extract) else Score({}, {}, 0.0, 0.0)
        )
        return Result({NAME: value}, queue_seconds=0.0)

    async def close(self) -> None:
        pass


class FakeRevisions:
    """Has one revision, whatever is asked for."""

    def __init__(self, given: Documents) -> None:
        self.given = given

    async def documents(self, rev_id: int, needs: Needs, deadline: Deadline) -> Documents:
        return self.given


async def score(given: Documents, extractor: Recorder, predictor: Recorder) -> Deadline:
    revisions: Any = FakeRevisions(given)
    scorer = Scorer(
        revisions, Runners(extractor, predictor), heavy_bytes=THRESHOLD, kept=nothing_kept()
    )
    await scorer.start()
    deadline = Deadline.after(5)
    await scorer.score(ScoreRequest(12, (NAME,)), deadline)
    return deadline


def documents(size: int | None, parent: int | Gone | None = None) -> Documents:
    """A revision and its parent of these sizes, whatever their texts."""
    return Documents(
        revision(12, size), revision(11, parent) if isinstance(parent, int) else parent
    )


def revision(rev_id: int, size: int | None) -> Revision:
    page = Page(page_id=5, namespace=0, title="Sandbox")
    return Revision(rev_id, 11, page, None, None, None, size, None, "", "wikitext")


@pytest.mark.parametrize(
    ("given", "heavy"),
    [
        (documents(THRESHOLD - 1), False),
        (documents(THRESHOLD), True),
        (documents(0, THRESHOLD - 1), False),
        pytest.param(documents(0, THRESHOLD), True, id="a blanked page with a huge parent"),
        pytest.param(documents(None, THRESHOLD), True, id="a hidden text with a huge parent"),
        pytest.param(documents(600, 400), True, id="only both together are huge"),
        (documents(600, 399), False),
        (documents(THRESHOLD - 1, Gone.MISSING), False),
        (documents(THRESHOLD, Gone.MISSING), True),
    ],
)
async def test_fault_7_revision_and_parent_together_decide_what_is_heavy(
    given: Documents, heavy: bool
) -> None:
    runner, extractor, predictor = Recorder(), Recorder(), Recorder()
    await score(given, runner, runner)
    assert runner.heavy == [heavy]
    # Where the steps are apart, extraction is the one whose work grows with the text.
    await score(given, extractor, predictor)
    assert (extractor.heavy, predictor.heavy) == ([heavy], [False])


async def test_all_steps_share_the_requests_deadline() -> None:
    extractor, predictor = Recorder(), Recorder()
    deadline = await score(documents(10), extractor, predictor)
    assert extractor.deadlines == predictor.deadlines == [deadline]
