"""Rows scored together have the scores that the library gives each of them alone."""

from __future__ import annotations

import random
import warnings
from typing import Any

import pytest
from liftwing_serving.errors import InternalError
from liftwing_serving.revscoring.scoring import scale_without_refitting, score_row, score_rows
from revscoring.features import Feature
from revscoring.features.feature_vector import FeatureVector
from revscoring.scoring import models
from revscoring.scoring.models.model import Model

LABELS = ["B", "C", "FA", "Start"]
FEATURES = [
    *(Feature(f"float {number}", returns=float) for number in range(12)),
    *(Feature(f"integer {number}", returns=int) for number in range(6)),
    *(Feature(f"boolean {number}", returns=bool) for number in range(3)),
    FeatureVector("words", returns=float),
]
TREES = {"n_estimators": 15, "random_state": 1}
EXACT: dict[str, dict[str, Any]] = {
    "GradientBoosting": TREES,
    "RandomForest": TREES,
    "GaussianNB": {},
    "RBFSVC": {"random_state": 1},
}
# They multiply matrices.
ROUNDED: dict[str, dict[str, Any]] = {
    "LogisticRegression": {},
    "BernoulliNB": {},
    "MultinomialNB": {},
}


def some_rows(number: int, seed: int) -> list[list[Any]]:
    """Values of very different magnitude, as features have them; none is below zero."""
    dice = random.Random(seed)

    def row() -> list[Any]:
        floats = [dice.random() * 10 ** dice.randint(-2, 4) for _ in range(12)]
        integers = [dice.randint(0, 10 ** dice.randint(0, 5)) for _ in range(6)]
        booleans = [dice.random() < 0.5 for _ in range(3)]
        return [*floats, *integers, *booleans, [dice.random() for _ in range(20)]]

    return [row() for _ in range(number)]


def trained(kind: str, multilabel: bool = False, **options: Any) -> Any:
    dice = random.Random(2)
    model = getattr(models, kind)(FEATURES, LABELS, multilabel, version="1", **options)
    rows = some_rows(80, seed=3)
    labels: list[Any] = [LABELS[number % len(LABELS)] for number in range(len(rows))]
    if multilabel:
        labels = [tuple(label for label in LABELS if dice.random() < 0.5) for _ in rows]
    with warnings.catch_warnings():
        # So little training does not converge.
        warnings.simplefilter("ignore")
        model.train(list(zip(rows, labels)))
    scale_without_refitting(model)
    return model


def assert_alike(model: Any, number: int, within: float) -> None:
    rows = some_rows(number, seed=4)
    alone = [score_row(model, row) for row in rows]
    together: list[Any] = score_rows(model, rows)
    if not within:
        assert together == alone
    assert [one["prediction"] for one in together] == [one["prediction"] for one in alone]
    for one, other in zip(together, alone):
        assert one["probability"] == pytest.approx(other["probability"], abs=within, rel=0)
    assert len({tuple(one["probability"].values()) for one in alone}) > number / 10


@pytest.mark.parametrize("scaling", [{}, {"scale": True}, {"scale": True, "center": True}])
@pytest.mark.parametrize("kind", [*EXACT, *ROUNDED])
def test_scores_do_not_depend_on_neighbours(kind: str, scaling: dict[str, bool]) -> None:
    if kind == "MultinomialNB":
        # It takes no negative values.
        scaling = scaling | {"center": False}
    model = trained(kind, **scaling, **(EXACT | ROUNDED)[kind])
    for number in (1, 2, 51):
        assert_alike(model, number, within=0 if kind in EXACT else 1e-12)


@pytest.mark.parametrize("kind", ["GradientBoosting", "RandomForest", "LogisticRegression"])
def test_lists_of_labels_are_scored_together_too(kind: str) -> None:
    model = trained(kind, True, scale=True, **(EXACT | ROUNDED)[kind])
    assert_alike(model, 51, within=0 if kind in EXACT else 1e-12)
    first, *_ = score_rows(model, some_rows(3, seed=4))
    assert isinstance(first, dict) and isinstance(first["prediction"], list)


def test_one_bad_row_fails_alone() -> None:
    model = trained("GradientBoosting", scale=True, **TREES)
    rows = some_rows(5, seed=4)
    good = [score_row(model, row) for row in rows]
    rows[2][0] = float("nan")
    rows[4][0] = "no number"
    scored = score_rows(model, rows)
    assert [scored[0], scored[1], scored[3]] == [good[0], good[1], good[3]]
    for bad in (scored[2], scored[4]):
        assert isinstance(bad, InternalError)
        assert "Traceback" in bad.details


def test_a_model_that_scores_single_rows_only_scores_each() -> None:
    class Constant(Model):  # type: ignore[misc]
        def score(self, values: list[Any]) -> dict[Any, Any]:
            return {"prediction": values[0], "probability": {True: 1.0}}

    model = Constant(FEATURES)
    scale_without_refitting(model)
    assert score_rows(model, [[1], [2]]) == [
        {"prediction": 1, "probability": {"true": 1.0}},
        {"prediction": 2, "probability": {"true": 1.0}},
    ]
