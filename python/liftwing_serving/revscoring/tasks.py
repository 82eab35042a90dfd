"""What travels between the server and its workers. Knows nothing of the revscoring library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liftwing_serving.documents import Documents, Needs


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model to load. `version` replaces the model's own, if given."""

    name: str
    path: Path
    version: str | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the server has to know of a loaded model."""

    name: str
    version: str
    needs: Needs


@dataclass(frozen=True, slots=True)
class Extract:
    """Compute the features of one revision for one model. Its result is Features."""

    model: str
    documents: Documents


@dataclass(frozen=True, slots=True)
class Features:
    """Values of the model's features in their order, and its trimmed base features by name."""

    values: list[Any]
    base: dict[str, Any]
    extract_seconds: float


@dataclass(frozen=True, slots=True)
class Predict:
    """Score feature values. Its result is a Score."""

    model: str
    features: Features


@dataclass(frozen=True, slots=True)
class ExtractAndPredict:
    """Both steps in one worker. Its result is a Score."""

    model: str
    documents: Documents


@dataclass(frozen=True, slots=True)
class Score:
    """A model's score of one revision.

    `score` is revscoring's document: `prediction` and `probability`. `features` are the trimmed
    base features by name.
    """

    score: dict[str, Any]
    features: dict[str, Any]
    extract_seconds: float
    predict_seconds: float
