"""What was trained from what: a record beside the models, readable without revscoring."""

import json
import os
import platform
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from liftwing_demo.training.suite import MODEL_VERSION, Recipe, Suite
from liftwing_demo.wiki.store import WikiStore

EMBEDDINGS = "word2vec"
"""The folder, among the models, of what topic models embed words with."""


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What came of training one model; all rates were measured on the held-out pages.

    `held_out_labels` counts what was held out by label. Of a model that tells true from false,
    precision and recall are those of the prediction true at a probability of 0.5 or more. Of any
    other model the rates are means over its labels, precision over those that it predicted at all,
    and None if there were none.
    """

    name: str
    version: str
    features: int
    trained_on: int
    held_out: int
    held_out_labels: dict[str, int]
    roc_auc: float | None
    precision: float | None
    recall: float | None


def models_are_current(suite: Suite, store_path: Path, out: Path) -> bool:
    """Whether the models there were trained from this wiki, by these recipes and libraries."""
    try:
        record = json.loads(_path(suite, out).read_text())
        identity = _identity(suite, store_path)
    except (OSError, ValueError, sqlite3.Error):
        return False
    files = [out / suite.service(recipe.kind) / recipe.file for recipe in suite.recipes]
    if suite.embedding:
        files.append(out / EMBEDDINGS / suite.embedding)
    return record["identity"] == identity and all(file.is_file() for file in files)


def read_reports(suite: Suite, out: Path) -> dict[str, ModelReport]:
    """The reports of an earlier training, by the kinds of model.

    Raises:
        OSError: nothing was trained there.
    """
    record = json.loads(_path(suite, out).read_text())
    return {name: ModelReport(**report) for name, report in record["reports"].items()}


def write_record(
    suite: Suite, store_path: Path, out: Path, reports: Mapping[str, ModelReport]
) -> None:
    """Note the reports, and what the models were made from."""
    record = {
        "identity": _identity(suite, store_path),
        "reports": {name: asdict(report) for name, report in reports.items()},
    }
    replace_text(_path(suite, out), json.dumps(record, indent=2) + "\n")


def replace_text(path: Path, text: str) -> None:
    """Write a file in one go: nobody ever sees half of it."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text)
    os.replace(unfinished, path)


def _path(suite: Suite, out: Path) -> Path:
    return out / f"{suite.name}.json"


def _identity(suite: Suite, store_path: Path) -> dict[str, Any]:
    with WikiStore.open(store_path) as store:
        wiki = store.meta()
    identity = {
        "wiki": wiki,
        "model_version": MODEL_VERSION,
        "recipes": {recipe.kind: _recipe(recipe) for recipe in suite.recipes},
        "settings": dict(suite.settings),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in suite.libraries},
    }
    # As it is read back.
    return dict(json.loads(json.dumps(identity)))


def _recipe(recipe: Recipe) -> dict[str, Any]:
    return {
        "features": recipe.features,
        "labels": list(recipe.labels),
        "estimator": dict(recipe.estimator),
    }
