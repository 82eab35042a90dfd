"""From rows of feature values to score documents, with revscoring's own models."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from functools import partial
from typing import Any

from revscoring.scoring.models.model import Learned, Model

from liftwing_serving.errors import InternalError, ServingError

Row = Sequence[Any]


def scale_without_refitting(model: Model) -> None:
    """Have the library's `score_many` scale rows as `score` does.

    As it is, it fits the scaler to whatever rows it is given, and scores depend on neighbours.
    Only training has reason to do so.
    """
    if isinstance(model, Learned):
        model.fit_scaler_and_transform = partial(_scale, model)


def _scale(model: Learned, vectors: list[Any]) -> Any:
    return vectors if model.scaler is None else model.scaler.transform(vectors)


def score_row(model: Model, values: Row) -> dict[str, Any]:
    """revscoring's document, with keys as JSON has them. Whatever is raised is a defect."""
    return _with_json_keys(model.score(values))


def score_rows(model: Model, rows: Sequence[Row]) -> list[dict[str, Any] | ServingError]:
    """The documents of several rows with one `predict_proba`; a defect fails its own row only.

    They equal those of `score_row` to the last bit for trees and support vectors and for
    GaussianNB. LogisticRegression, MultinomialNB and BernoulliNB multiply matrices, where BLAS sums
    many rows in another order than a single one: within 1e-12.
    """
    if not hasattr(model, "score_many"):
        return [_score_alone(model, row) for row in rows]
    try:
        return [_with_json_keys(document) for document in model.score_many(rows)]
    except MemoryError:
        raise
    except Exception:
        # One bad row, such as one that holds no number, fails the call for all.
        return [_score_alone(model, row) for row in rows]


def _score_alone(model: Model, row: Row) -> dict[str, Any] | ServingError:
    try:
        return score_row(model, row)
    except MemoryError:
        raise
    except Exception:
        return InternalError("a row could not be scored", traceback.format_exc())


def _with_json_keys(document: dict[Any, Any]) -> dict[str, Any]:
    """The document with keys as JSON writes them: the label True becomes `true`."""
    return {
        (json.dumps(key) if isinstance(key, bool) else str(key)): (
            _with_json_keys(value) if isinstance(value, dict) else value
        )
        for key, value in document.items()
    }
