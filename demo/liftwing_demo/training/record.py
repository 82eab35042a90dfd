"""What was trained from what: the record beside the models, readable without revscoring."""

import json
import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from liftwing_serving.revscoring import families

from liftwing_demo.wiki.store import WikiStore

WIKI = "enwiki"
MODEL_NAMES = families.EDITQUALITY.kinds
MODEL_VERSION = "0.1.0"
ESTIMATOR: dict[str, Any] = {
    "n_estimators": 700,
    "max_depth": 5,
    "learning_rate": 0.015,
    "max_features": "log2",
}
"""As many trees as the models of English Wikipedia have, so that scoring costs as much."""
RECORD = "training.json"
_LIBRARIES = ("revscoring", "editquality", "scikit-learn", "numpy")


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What came of training one model; all rates were measured on the held-out pages.

    `precision` and `recall` are of the prediction true at a probability of 0.5 or more, and None
    where they are not defined.
    """

    name: str
    version: str
    features: int
    trained_on: int
    held_out: int
    held_out_true: int
    roc_auc: float
    precision: float | None
    recall: float | None


def models_are_current(store_path: Path, out: Path, names: Sequence[str] = MODEL_NAMES) -> bool:
    """Whether the models there were trained from this wiki, by this recipe and these libraries."""
    try:
        record = json.loads((out / RECORD).read_text())
        identity = _identity(store_path)
    except (OSError, ValueError, sqlite3.Error):
        return False
    written = all((out / f"{WIKI}-{name}" / "model.bin").is_file() for name in names)
    return written and record["identity"] == identity and set(names) <= set(record["reports"])


def read_reports(out: Path) -> dict[str, ModelReport]:
    """The reports of an earlier training by model name.

    Raises:
        OSError: nothing was trained there.
    """
    record = json.loads((out / RECORD).read_text())
    return {name: ModelReport(**report) for name, report in record["reports"].items()}


def write_record(store_path: Path, out: Path, reports: Mapping[str, ModelReport]) -> None:
    """Note the reports, and what the models were made from."""
    record = {
        "identity": _identity(store_path),
        "reports": {name: asdict(report) for name, report in reports.items()},
    }
    replace_text(out / RECORD, json.dumps(record, indent=2) + "\n")


def replace_text(path: Path, text: str) -> None:
    """Write a file in one go: nobody ever sees half of it."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text)
    os.replace(unfinished, path)


def _identity(store_path: Path) -> dict[str, Any]:
    with WikiStore.open(store_path) as store:
        wiki = store.meta()
    return {
        "wiki": wiki,
        "model_version": MODEL_VERSION,
        "estimator": ESTIMATOR,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
