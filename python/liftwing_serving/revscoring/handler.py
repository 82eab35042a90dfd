"""What a worker process does: load models, extract features, score them."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from revscoring.scoring.models.model import Model
from revscoring.dependencies import Dependent, solve
from revscoring.errors import MissingResource, UnexpectedContentType
from revscoring.features import trim

from liftwing_serving.documents import Documents
from liftwing_serving.errors import ContentUnreadable, ResourceMissing
from liftwing_serving.revscoring import speedups
from liftwing_serving.revscoring.leaves import context_for, leaves_of, needs_of
from liftwing_serving.revscoring.tasks import (
    Extract,
    ExtractAndPredict,
    Features,
    ModelFile,
    ModelInfo,
    Predict,
    Score,
)


class LoadedModel:
    """A model in memory, with what is worth working out once."""

    def __init__(self, file: ModelFile) -> None:
        with file.path.open("rb") as stream:
            self.model = Model.load(stream)
        self.features: Sequence[Dependent] = self.model.features
        self.base_features: list[Dependent] = list(trim(self.features))
        self.leaves = leaves_of(self.features)
        self.info = ModelInfo(
            name=file.name,
            version=file.version or str(self.model.version),
            needs=needs_of(self.leaves),
        )


class RevscoringHandler:
    """A `worker.Handler` for revscoring models."""

    def __init__(self, files: Sequence[ModelFile]) -> None:
        speedups.install()
        self._models = {file.name: LoadedModel(file) for file in files}

    def describe(self) -> list[ModelInfo]:
        """The loaded models."""
        return [model.info for model in self._models.values()]

    def __call__(self, task: Extract | Predict | ExtractAndPredict) -> Features | Score:
        """Run one task. Raises ResourceMissing, ContentUnreadable; others are defects."""
        model = self._models[task.model]
        if isinstance(task, Predict):
            return _predict(model, task.features)
        features = _extract(model, task.documents)
        return features if isinstance(task, Extract) else _predict(model, features)


def _extract(model: LoadedModel, documents: Documents) -> Features:
    started = time.perf_counter()
    rev_id = documents.revision.rev_id
    context = context_for(model.leaves, documents)
    # One cache for both lists: the base features are steps on the way to the model's own.
    cache: dict[Dependent, Any] = {}
    try:
        values = list(solve(model.features, context=context, cache=cache))
        base = list(solve(model.base_features, context=context, cache=cache))
    except MissingResource as error:
        raise ResourceMissing(rev_id, str(error)) from None
    except UnexpectedContentType as error:
        raise ContentUnreadable(rev_id, str(error)) from None
    return Features(
        values=values,
        base={str(feature): value for feature, value in zip(model.base_features, base)},
        extract_seconds=time.perf_counter() - started,
    )


def _predict(model: LoadedModel, features: Features) -> Score:
    started = time.perf_counter()
    score = model.model.score(features.values)
    return Score(
        score=_with_json_keys(score),
        features=features.base,
        extract_seconds=features.extract_seconds,
        predict_seconds=time.perf_counter() - started,
    )


def _with_json_keys(document: dict[Any, Any]) -> dict[str, Any]:
    """The document with keys as JSON writes them: the label True becomes `true`."""
    return {
        (json.dumps(key) if isinstance(key, bool) else str(key)): (
            _with_json_keys(value) if isinstance(value, dict) else value
        )
        for key, value in document.items()
    }
