"""What the workers of NAME do: they share one copy of the model."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any


class Handler:
    """A pickled classifier of scikit-learn that takes texts."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            self._model = pickle.load(stream)
        self._labels = [str(label) for label in self._model.classes_]

    def describe(self) -> None:
        """Nothing that the server should know."""

    def __call__(self, text: str) -> dict[str, Any]:
        """The answer to what `read` in model.py made of a request."""
        (row,) = self._model.predict_proba([text]).tolist()
        probability = dict(zip(self._labels, row, strict=True))
        return {
            "prediction": max(self._labels, key=probability.__getitem__),
            "probability": probability,
        }
