"""What a worker process does: load models, extract features, score them."""

from __future__ import annotations

import dataclasses
import logging
import pickle
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from revscoring.scoring.models.model import Model, open_file
from revscoring.dependencies import Dependent, solve
from revscoring.errors import CaughtDependencyError, MissingResource, UnexpectedContentType
from revscoring.features import trim

from liftwing_serving.mediawiki import Documents
from liftwing_serving.errors import (
    ContentUnreadable,
    InjectionRefused,
    ResourceMissing,
    ServingError,
)
from liftwing_serving.revscoring import (
    contents,
    describing,
    injection,
    libraries,
    scoring,
    sentiment,
    sharing,
)
from liftwing_serving.revscoring.extraction import Accelerator, Plan, Texts, checking
from liftwing_serving.revscoring.leaves import context_for, leaves_of, needs_of
from liftwing_serving.revscoring.tasks import (
    BatchScores,
    Extract,
    ExtractAndPredict,
    Extraction,
    Features,
    Inform,
    ModelFile,
    ModelInfo,
    Predict,
    PredictBatch,
    Score,
    Scores,
)

logger = logging.getLogger(__name__)


class LoadedModel:
    """A model in memory, with what is worth working out once. A `.bz2` file is decompressed.

    Raises OSError if the file cannot be read, LeafUnknown if it cannot be served, and what
    unpickling raises.
    """

    def __init__(self, file: ModelFile) -> None:
        with open_file(str(file.path)) as stream:
            self.model = Model.load(stream)
        scoring.scale_without_refitting(self.model)
        self.features: Sequence[Dependent] = self.model.features
        self.base_features: list[Dependent] = list(trim(self.features))
        self.leaves = leaves_of(self.features)
        self.reads_wikitext = contents.reads_wikitext(self.features)
        self.info = ModelInfo(
            name=file.name,
            version=file.version or str(self.model.version),
            needs=needs_of(self.leaves),
        )


class RevscoringHandler:
    """A `workers.Handler` for revscoring models. Raises what LoadedModel raises, CorpusMissing."""

    def __init__(self, files: Sequence[ModelFile], extraction: Extraction = Extraction()) -> None:
        libraries.settle()
        self._models = {file.name: LoadedModel(file) for file in files}
        if any(sentiment.read_by(model.features) for model in self._models.values()):
            sentiment.install()
        self._definitions = {
            name: sharing.definitions_of([*model.features, *model.base_features])
            for name, model in self._models.items()
        }
        groups = sharing.groups(self._definitions)
        self._group = {name: index for index, group in enumerate(groups) for name in group}
        self._accelerator = Accelerator(extraction.kept_bytes)
        self._plans: dict[str, Plan] = {}
        if extraction.accelerated:
            self._plans = {
                name: self._accelerator.plan(it) for name, it in self._definitions.items()
            }
        self._sample = checking.Sample(extraction.checked_share)

    def describe(self) -> list[ModelInfo]:
        """The loaded models, in the order of their files."""
        return [model.info for model in self._models.values()]

    def __call__(
        self, task: Extract | Predict | PredictBatch | ExtractAndPredict | Inform
    ) -> Mapping[str, Any]:
        """Run one task: for each of its models the result, or the ServingError it met.

        The results are as each task says; whatever is raised is a defect, unless it is a
        ServingError.
        """
        if isinstance(task, Inform):
            asked = self._models[task.model]
            return describing.describe(asked.model, asked.info.version, task.paths)
        if isinstance(task, PredictBatch):
            return {
                name: predict_batch(self._models[name], rows) for name, rows in task.rows.items()
            }
        if isinstance(task, Predict):
            return self._predict(task.features)
        features = self._extract(task.models, task.documents, task.injected)
        return features if isinstance(task, Extract) else self._predict(features)

    def _extract(
        self, models: Sequence[str], documents: Documents, injected: Mapping[str, Any]
    ) -> dict[str, Features | ServingError]:
        """Raises InjectionRefused."""
        # Models share most features, and base features are on the way to others.
        caches: dict[int, dict[Dependent, Any]] = defaultdict(dict)
        if injected:
            return self._extract_injected(models, documents, injected, caches)
        plans = [self._plans[name] for name in models if name in self._plans]
        texts = self._accelerator.texts(documents, plans)
        extracted: dict[str, Features | ServingError] = {}
        for name in models:
            model, plan = self._models[name], self._plans.get(name)
            features = extract(model, documents, caches[self._group[name]], plan, texts)
            checked = plan is not None and self._sample.takes_next()
            extracted[name] = check(model, documents, features) if checked else features
        self._accelerator.keep(texts, plans)
        return extracted

    def _extract_injected(
        self,
        models: Sequence[str],
        documents: Documents,
        injected: Mapping[str, Any],
        caches: Mapping[int, dict[Dependent, Any]],
    ) -> dict[str, Features | ServingError]:
        """What cannot be computed from injected values is the client's doing.

        Raises InjectionRefused.
        """
        solved = [self._definitions[name] for name in models]
        for name, values in zip(models, injection.injected(injected, solved)):
            caches[self._group[name]].update(values)
        extracted = {}
        for name in models:
            model, cache = self._models[name], caches[self._group[name]]
            try:
                extracted[name] = extract(model, documents, cache)
            except CaughtDependencyError as error:
                raise InjectionRefused(f"With the injected values: {error.message}") from None
            injection.check_computed(cache[it] for it in model.features if it in cache)
        return extracted

    def _predict(self, features: Mapping[str, Features | ServingError]) -> Scores:
        return {
            name: of if isinstance(of, ServingError) else predict(self._models[name], of)
            for name, of in features.items()
        }


def extract(
    model: LoadedModel,
    documents: Documents,
    cache: dict[Dependent, Any],
    plan: Plan | None = None,
    texts: Texts | None = None,
) -> Features | ServingError:
    """One model's features of one revision; `cache` has what other models computed, and grows.

    With a plan, what follows from the `texts` is worked out by that, the rest by the library.
    ResourceMissing and ContentUnreadable are returned and not raised, since another model may do
    without what is missing. Whatever is raised is a defect.
    """
    # The clock of the CPU: a worker may be paused.
    started = time.thread_time()
    rev_id = documents.revision.rev_id
    if model.reads_wikitext:
        refusal = contents.refusal_of_entity(documents.revision)
        if refusal is not None:
            return ContentUnreadable(rev_id, refusal)
    context = context_for(model.leaves, documents)
    if plan is not None and texts:
        plan.fill(cache, texts)
    try:
        values = list(solve(model.features, context=context, cache=cache))
        base = list(solve(model.base_features, context=context, cache=cache))
    except MissingResource as error:
        return ResourceMissing(rev_id, str(error))
    except UnexpectedContentType as error:
        return ContentUnreadable(rev_id, str(error))
    except CaughtDependencyError as error:
        # The library wraps what a feature raises; a lack of memory is no defect of the feature.
        if isinstance(error.exception, MemoryError):
            raise error.exception
        refusal = contents.refusal_of_failure(error)
        if refusal is None:
            raise
        return ContentUnreadable(rev_id, refusal)
    return Features(
        packed=pickle.dumps(values),
        base={str(feature): value for feature, value in zip(model.base_features, base)},
        seconds=time.thread_time() - started,
    )


def check(
    model: LoadedModel, documents: Documents, ours: Features | ServingError
) -> Features | ServingError:
    """What the library alone makes of the revision; a difference is logged and told."""
    theirs = extract(model, documents, {})
    if isinstance(theirs, Features) and isinstance(ours, Features):
        different = checking.differing(
            [*model.features, *model.base_features],
            [*pickle.loads(ours.packed), *ours.base.values()],
            [*pickle.loads(theirs.packed), *theirs.base.values()],
        )
    else:
        different = [] if repr(ours) == repr(theirs) else ["all features: one side has none"]
    if different:
        logger.warning("accelerated values differ: %s", ", ".join(dict.fromkeys(different)))
    if isinstance(theirs, Features):
        return dataclasses.replace(theirs, checked=not different)
    return theirs


def predict(model: LoadedModel, features: Features) -> Score:
    """One model's score of its features. Whatever is raised is a defect."""
    started = time.perf_counter()
    document = scoring.score_row(model.model, pickle.loads(features.packed))
    return Score(
        document=document,
        features=features.base,
        extract_seconds=features.seconds,
        predict_seconds=time.perf_counter() - started,
        checked=features.checked,
    )


def predict_batch(model: LoadedModel, packed: Sequence[bytes]) -> BatchScores:
    """One model's scores of several revisions' features, which fail each by itself."""
    started = time.perf_counter()
    documents = scoring.score_rows(model.model, [pickle.loads(row) for row in packed])
    return BatchScores(documents, time.perf_counter() - started)
