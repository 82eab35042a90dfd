"""What the outlink model was trained from: a record beside it, readable without fastText."""

import json
import platform
import sqlite3
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from liftwing_demo.training.record import replace_text
from liftwing_demo.training.suite import MODEL_VERSION
from liftwing_demo.training.suites.topic import RULES
from liftwing_demo.wiki.store import WikiStore

NAME = "outlink-topic-model"
RECORD = "outlink.json"
SETTINGS: dict[str, Any] = {
    "dim": 50,
    "epoch": 10,
    "lr": 0.5,
    "loss": "ova",
    "minCount": 1,
    "minn": 0,
    "maxn": 0,
    "bucket": 0,
    "thread": 1,
    "seed": 1,
}
"""fastText's; one thread, so that the same articles make the same model."""
PIECES = 20
"""Of each article's links, some at a time, beside all of them: a hundred articles are few."""


@dataclass(frozen=True, slots=True)
class TopicReport:
    """How good the model is on articles that it has not seen; rates are means over topics."""

    version: str
    trained_on: int
    held_out: int
    topics: int
    roc_auc: float
    precision: float
    recall: float


def model_file(models: Path) -> Path:
    """Where the model is."""
    return models / NAME / "model.bin"


def model_is_current(store_path: Path, models: Path) -> bool:
    """Whether the model there was trained from this wiki, by these settings and libraries."""
    try:
        record = json.loads((models / RECORD).read_text())
        return model_file(models).is_file() and record["identity"] == _identity(store_path)
    except (OSError, ValueError, sqlite3.Error):
        return False


def read_report(models: Path) -> TopicReport:
    """The report of an earlier training. Raises OSError if there was none."""
    return TopicReport(**json.loads((models / RECORD).read_text())["report"])


def write_record(store_path: Path, models: Path, report: TopicReport) -> None:
    """Note the report, and what the model was made from."""
    record = {"identity": _identity(store_path), "report": asdict(report)}
    replace_text(models / RECORD, json.dumps(record, indent=2) + "\n")


def _identity(store_path: Path) -> dict[str, Any]:
    with WikiStore.open(store_path) as store:
        wiki = store.meta()
    return {
        "wiki": wiki,
        "model_version": MODEL_VERSION,
        "settings": SETTINGS,
        "pieces": PIECES,
        "rules": RULES,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in ("fasttext", "numpy")},
    }
