"""What worker processes do: embed words, extract features, fit and measure models.

Only they import revscoring. A feature list that reads embeddings does so while it is imported, so
that it is named to a worker, never sent to it.
"""

import bz2
import hashlib
import logging
import os
import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from liftwing_demo.training.record import EMBEDDINGS, ModelReport, replace_text
from liftwing_demo.training.splitting import SEED, Observation, occurs, only
from liftwing_demo.training.suite import MODEL_VERSION
from liftwing_demo.training.suites import suite_called
from liftwing_demo.wiki.api import answer
from liftwing_demo.wiki.store import WikiStore


class StoreSession:
    """Stands in for `mwapi.Session`: the same calls, answered from the wiki's file."""

    def __init__(self, store: WikiStore) -> None:
        self._store = store

    def get(self, **params: Any) -> dict[str, Any]:
        """The answer in formatversion 1, which revscoring reads.

        Raises:
            LookupError: the API answered with an error.
        """
        document = answer(self._store, {name: _joined(value) for name, value in params.items()})
        if "error" in document:
            raise LookupError(document["error"]["info"])
        return document


def _joined(value: Any) -> str:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return "|".join(map(str, value))


class ExtractionFailed(Exception):
    """Features cannot be extracted, whatever the revision; the text says why."""


_extractors: dict[tuple[str, Path], tuple[Any, Any]] = {}


def start(models: Path) -> None:
    """Prepare a worker, which looks for embeddings among the models."""
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    # It complains of each statistic that few examples leave undefined.
    logging.getLogger("revscoring").setLevel(logging.CRITICAL)
    from revscoring.datasources.meta import vectorizers

    vectorizers.ASSET_SEARCH_DIRS.insert(0, str(models / EMBEDDINGS))


def feature_list(name: str) -> list[Any]:
    """The features that a recipe names.

    Raises:
        ExtractionFailed: the list reads a corpus, and it is not there.
        FileNotFoundError: the list reads embeddings, and there are none.
    """
    module, _, attribute = name.partition(":")
    try:
        features: list[Any] = list(getattr(import_module(module), attribute))
    except LookupError as error:
        raise ExtractionFailed(str(error)) from None
    return features


def embed(suite: str, store: Path, models: Path) -> None:
    """Write the embeddings that a suite's feature lists read."""
    from liftwing_demo.training.embeddings import write_embedding

    chosen = suite_called(suite)
    assert chosen.embedding is not None
    write_embedding(chosen, store, models / EMBEDDINGS / chosen.embedding)


def extract(suite: str, store: Path, rev_ids: Sequence[int]) -> dict[int, list[list[Any]]]:
    """Feature values by revision id: a row for each recipe of the suite.

    Revisions of which something is missing (hidden text, a deleted parent ...) are left out.

    Raises:
        ExtractionFailed: something else is missing, such as a corpus.
    """
    from revscoring.errors import MissingResource

    lists = [feature_list(recipe.features) for recipe in suite_called(suite).recipes]
    every = list(dict.fromkeys(feature for some in lists for feature in some))
    column = {feature: index for index, feature in enumerate(every)}
    if (suite, store) not in _extractors:
        _extractors[suite, store] = _extractor(store, every)
    extractor, acceleration = _extractors[suite, store]
    known = {rev_id: acceleration.known(rev_id) for rev_id in rev_ids}
    rows = {}
    for rev_id, (error, values) in zip(
        rev_ids, extractor.extract(list(rev_ids), every, caches=known), strict=True
    ):
        if error is None:
            rows[rev_id] = [[values[column[feature]] for feature in some] for some in lists]
        elif not isinstance(error, MissingResource):
            raise ExtractionFailed(f"revision {rev_id}: {error}")
    return rows


def _extractor(store: Path, features: list[Any]) -> tuple[Any, Any]:
    """The library's extractor for a wiki, and what works out most of these features before it."""
    from liftwing_demo.training.acceleration import Acceleration
    from revscoring.extractors.api import Extractor

    opened = WikiStore.open(store)
    return Extractor(StoreSession(opened)), Acceleration(opened, features)


def fit(
    suite: str, kind: str, seen: list[Observation], unseen: list[Observation], models: Path
) -> ModelReport:
    """Train a model, write it as `{service}/model.bin` with a SHA256SUMS, and measure it."""
    from liftwing_demo.training.measure import measure
    from revscoring.scoring.models import GradientBoosting

    chosen = suite_called(suite)
    recipe = chosen.recipe(kind)
    # The library refuses labels of which it sees no example.
    labels = [label for label in recipe.labels if occurs(label, seen) and occurs(label, unseen)]
    model = GradientBoosting(
        feature_list(recipe.features),
        labels=labels,
        multilabel=recipe.multilabel,
        version=MODEL_VERSION,
        center=True,
        scale=True,
        random_state=SEED,
        **recipe.estimator,
    )
    model.train(only(labels, seen))
    report = measure(kind, model, len(seen), only(labels, unseen))
    _write(model, models / chosen.service(kind), recipe.file)
    return report


def _write(model: Any, folder: Path, file: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{file}.part"
    with bz2.open(unfinished, "wb") if file.endswith(".bz2") else unfinished.open("wb") as stream:
        model.dump(stream)
    digest = hashlib.sha256(unfinished.read_bytes()).hexdigest()
    os.replace(unfinished, folder / file)
    replace_text(folder / "SHA256SUMS", f"{digest}  {file}\n")
