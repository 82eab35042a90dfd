"""What a worker process does: load the fastText model, predict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import fasttext
import orjson

LABEL = "__label__"
ALL = -1


class TopicHandler:
    """A `workers.Handler` of a fastText model. Raises ValueError if the file is none."""

    def __init__(self, path: Path) -> None:
        self._model = fasttext.load_model(str(path))

    def describe(self) -> int:
        """How many topics the model knows."""
        return len(self._model.labels)

    def __call__(self, task: Sequence[tuple[str, float]]) -> list[bytes]:
        """For each line and threshold the topics at or above it, the most likely first, in JSON:
        the server, which has less time than its workers, only passes them on."""
        return [self._topics(line, threshold) for line, threshold in task]

    def _topics(self, line: str, threshold: float) -> bytes:
        labels, probabilities = self._model.predict(line, k=ALL, threshold=threshold)
        return orjson.dumps(
            [
                (label.removeprefix(LABEL), float(probability))
                for label, probability in zip(labels, probabilities, strict=True)
            ]
        )


def make_handler(path: Path) -> TopicHandler:
    """Factory named in the pool's HandlerSpec."""
    return TopicHandler(path)
