"""Small real revscoring models, made in a second: real feature lists, made-up observations."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_model(path: Path, features: Sequence[Any], seed: int = 1, version: str = "0.0.1") -> None:
    """A GradientBoosting model over the features, fitted to noise, as a `model.bin`.

    What it predicts is worthless, but each feature moves it, so that a wrong value shows.
    """
    from revscoring.scoring.models import GradientBoosting

    dice = random.Random(seed)

    def value(feature: Any) -> Any:
        if feature.returns is bool:
            return dice.random() < 0.5
        return feature.returns(dice.random() * 10 ** dice.randint(0, 4))

    model = GradientBoosting(
        features, [True, False], version=version, random_state=seed, n_estimators=60, max_depth=4
    )
    rows = [[value(feature) for feature in features] for _ in range(300)]
    model.train([(row, dice.random() < 0.5) for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        model.dump(stream)
