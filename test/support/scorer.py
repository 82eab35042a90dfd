"""A handler that stands in for revscoring's: for the scorer."""

from __future__ import annotations

import os
import time

from liftwing_serving.mediawiki.documents import Needs
from liftwing_serving.revscoring.tasks import ExtractAndPredict, ModelInfo, Score, Scores


class FakeModels:
    """A model of 20 MB that takes any documents; a comment that is a path is waited for."""

    def __init__(self) -> None:
        self.model = os.urandom(20_000_000)

    def describe(self) -> list[ModelInfo]:
        return [ModelInfo("enwiki-damaging", "1", Needs(parent=True))]

    def __call__(self, task: ExtractAndPredict) -> Scores:
        comment = task.documents.revision.comment
        while comment and not os.path.exists(comment):
            time.sleep(0.01)
        prediction = {"prediction": task.documents.revision.rev_id}
        return {model: Score(prediction, {}, 0.0, 0.0) for model in task.models}


def make(config: object) -> FakeModels:
    """The factory."""
    return FakeModels()
