"""What travels between the server and its workers. Knows nothing of the revscoring library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from liftwing_serving.errors import ServingError
from liftwing_serving.mediawiki import Documents, Needs


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model to load. `version` replaces the model's own, if given; `embeddings` is where feature
    lists of topics look first for theirs."""

    name: str
    path: Path
    version: str | None = None
    embeddings: Path | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """How features are extracted: docs/extraction.md.

    Of `checked_share` of the extractions the library's own values are worked out as well.
    """

    accelerated: bool = True
    kept_bytes: int = 16 << 20
    checked_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Loading:
    """What a worker needs to begin."""

    files: Sequence[ModelFile]
    extraction: Extraction


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the server has to know of a loaded model; `needs` is what its features read."""

    name: str
    version: str
    needs: Needs


@dataclass(frozen=True, slots=True)
class Extract:
    """Compute the features of one revision for some models; what they share is computed once, and
    what is injected, by name, not at all.

    The result has for each model, by name, its Features or the error that they met.
    """

    models: tuple[str, ...]
    documents: Documents
    injected: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Features:
    """Values of the model's features in their order, and its trimmed base features by name.

    The values are packed by a worker and unpacked by the one that scores them: some models have
    thousands, which are nothing to the server. `seconds` is what this model's features took beyond
    what earlier models had computed. `checked` is whether the library's own values were the same,
    if they were worked out.
    """

    packed: bytes
    base: dict[str, Any]
    seconds: float
    checked: bool | None = None


@dataclass(frozen=True, slots=True)
class Predict:
    """Score features. The result is Scores; an error among the features is passed on."""

    features: Mapping[str, Features | ServingError]


@dataclass(frozen=True, slots=True)
class PredictBatch:
    """Score the packed features of several revisions, by model all at once.

    The result has for each model, by name, its BatchScores.
    """

    rows: Mapping[str, Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class BatchScores:
    """A model's documents in the order of its rows, each as in a Score, or why there is none.

    `seconds` is what they took together.
    """

    documents: list[dict[str, Any] | ServingError]
    seconds: float


@dataclass(frozen=True, slots=True)
class ExtractAndPredict:
    """Both steps in one worker. The result is Scores."""

    models: tuple[str, ...]
    documents: Documents
    injected: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inform:
    """Tell what is at some paths of a model's information. The result is a document."""

    model: str
    paths: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A model's score of one revision.

    `document` is revscoring's: `prediction` and `probability`, with keys as JSON has them.
    `features` are the trimmed base features by name; `checked` is that of Features.
    """

    document: dict[str, Any]
    features: dict[str, Any]
    extract_seconds: float
    predict_seconds: float
    checked: bool | None = None


# For each model, by name, its score of a revision or why it has none.
Scores = Mapping[str, Score | ServingError]
