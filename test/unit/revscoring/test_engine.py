"""How documents become tasks: which are heavy, and how long they may take."""

from __future__ import annotations

from typing import Any

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.documents import Documents, Gone, Needs, Page, Revision
from liftwing_serving.jobs import Outcome
from liftwing_serving.revscoring.engine import Engine
from liftwing_serving.revscoring.tasks import Extract, Features, ModelInfo, Score

NAME = "enwiki-damaging"
THRESHOLD = 1000


class Recorder:
    """A runner that answers at once and remembers what it was handed."""

    description = [ModelInfo(NAME, "1", Needs(parent=True))]

    def __init__(self) -> None:
        self.deadlines: list[Deadline] = []
        self.heavy: list[bool] = []

    async def start(self) -> None:
        pass

    async def run(self, task: object, deadline: Deadline, heavy: bool = False) -> Outcome:
        self.deadlines.append(deadline)
        self.heavy.append(heavy)
        value: Any = Features([], {}, 0.0) if isinstance(task, Extract) else Score({}, {}, 0.0, 0.0)
        return Outcome(value, queue_seconds=0.0)

    async def close(self) -> None:
        pass


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
    await Engine(runner, runner, THRESHOLD).score(NAME, given, Deadline.after(5))
    assert runner.heavy == [heavy]
    # Where the steps are apart, extraction is the one whose work grows with the text.
    await Engine(extractor, predictor, THRESHOLD).score(NAME, given, Deadline.after(5))
    assert (extractor.heavy, predictor.heavy) == ([heavy], [False])


async def test_all_steps_share_the_requests_deadline() -> None:
    extractor, predictor = Recorder(), Recorder()
    deadline = Deadline.after(5)
    await Engine(extractor, predictor, THRESHOLD).score(NAME, documents(10), deadline)
    assert extractor.deadlines == predictor.deadlines == [deadline]
