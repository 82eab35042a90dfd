"""A handler that stands in for revscoring's: for the engine."""

from __future__ import annotations

import os
import time

from liftwing_serving.documents import Needs
from liftwing_serving.revscoring.tasks import ExtractAndPredict, ModelInfo, Score


class Scorer:
    """A model of 20 MB that takes any documents; a comment that is a path is waited for."""

    def __init__(self) -> None:
        self.model = os.urandom(20_000_000)

    def describe(self) -> list[ModelInfo]:
        return [ModelInfo("enwiki-damaging", "1", Needs(parent=True))]

    def __call__(self, task: ExtractAndPredict) -> Score:
        comment = task.documents.revision.comment
        while comment and not os.path.exists(comment):
            time.sleep(0.01)
        return Score({"prediction": task.documents.revision.rev_id}, {}, 0.0, 0.0)


def make(config: object) -> Scorer:
    """The factory."""
    return Scorer()
