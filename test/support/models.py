"""Small real revscoring models, made in a second: real feature lists, made-up observations."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_model(
    path: Path, features: Sequence[Any], seed: int = 1, version: str = "0.0.1", trees: int = 60
) -> None:
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
        features, [True, False], version=version, random_state=seed, n_estimators=trees, max_depth=4
    )
    rows = [[value(feature) for feature in features] for _ in range(300)]
    model.train([(row, dice.random() < 0.5) for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        model.dump(stream)


def write_model_of(path: Path, features: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Any:
    """A small model fitted to noise in the range of some revisions' values; returns it too.

    Of each feature any of the values may stand beside any of another's.
    """
    from revscoring.scoring.models import GradientBoosting

    dice = random.Random(path.name)
    columns = list(zip(*rows))
    made = [([dice.choice(column) for column in columns], dice.random() < 0.5) for _ in range(60)]
    model = GradientBoosting(
        features, [True, False], version="0.0.1", random_state=1, n_estimators=20, max_depth=4
    )
    model.train(made)
    with path.open("wb") as stream:
        model.dump(stream)
    return model


def write_light_model(path: Path) -> None:
    """A model that scores in milliseconds, from revision, parent and user, and almost no two
    revisions alike."""
    from revscoring.features import temporal, wikitext
    from revscoring.features.modifiers import div

    revision = wikitext.revision
    features = [
        *(revision.chars, revision.parent.chars, revision.longest_repeated_char),
        *(temporal.revision.hour_of_day, temporal.revision.day_of_week),
        div(temporal.revision.user.seconds_since_registration, 50_000),
    ]
    write_model(path, features, trees=300)


def write_revision_model(path: Path) -> None:
    """A model whose features read nothing but the revision itself."""
    from revscoring.features import wikitext

    write_model(path, [wikitext.revision.chars, wikitext.revision.longest_repeated_char])


def write_broken_model(path: Path) -> None:
    """A model whose only feature divides by zero for every revision."""
    from revscoring.features import wikitext
    from revscoring.features.modifiers import div, sub

    chars = wikitext.revision.chars
    write_model(path, [div(chars, sub(chars, chars))])


def write_tested_model(path: Path) -> Any:
    """A model that was tested too, so that it has statistics; returns it."""
    from revscoring.features import wikitext
    from revscoring.scoring.models import GradientBoosting

    dice = random.Random(3)
    features = [wikitext.revision.chars, wikitext.revision.longest_repeated_char]
    model = GradientBoosting(
        features, [True, False], version="0.0.1", random_state=3, n_estimators=20, max_depth=2
    )
    rows = [((dice.randint(0, 90), dice.randint(0, 9)), dice.random()) for _ in range(300)]
    made = [((chars, repeated), luck * 90 > chars) for (chars, repeated), luck in rows]
    model.train(made[:150])
    model.test(made[150:])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        model.dump(stream)
    return model
