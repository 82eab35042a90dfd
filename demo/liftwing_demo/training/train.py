"""Training the demo models and writing them where a model server looks for them."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from revscoring.scoring.models import GradientBoosting
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from liftwing_demo.training.extract import FEATURES, choose_revisions, extract_features
from liftwing_demo.training.record import (
    ESTIMATOR,
    MODEL_NAMES,
    MODEL_VERSION,
    WIKI,
    ModelReport,
    replace_text,
    write_record,
)
from liftwing_demo.wiki.build import Progress, quiet
from liftwing_demo.wiki.records import Labels
from liftwing_demo.wiki.store import WikiStore

SEED = 1
HELD_OUT_SHARE = 0.25
"""The share of pages no model sees before it is measured."""

Observation = tuple[list[Any], bool]


def train_models(
    store_path: Path,
    out: Path,
    names: Sequence[str] = MODEL_NAMES,
    progress: Progress = quiet,
) -> dict[str, ModelReport]:
    """Train models on a wiki and write `{out}/enwiki-{name}/model.bin` with a SHA256SUMS.

    Raises:
        KeyError: no feature list has one of the names.
        OSError: the folder cannot be written to.
    """
    features = {name: list(FEATURES[name]) for name in names}
    every = list(dict.fromkeys(feature for some in features.values() for feature in some))
    with WikiStore.open(store_path) as store:
        chosen = {labels.rev_id: labels for labels in choose_revisions(store)}
        page_of = {rev.rev_id: rev.page_id for rev in store.all_revisions()}
    values = extract_features(store_path, list(chosen), every, progress)
    held_out = held_out_pages(sorted({page_of[rev_id] for rev_id in values}))
    column = {feature: index for index, feature in enumerate(every)}
    reports: dict[str, ModelReport] = {}
    for done, name in enumerate(names):
        progress("training", done, len(names))
        columns = [column[feature] for feature in features[name]]
        seen: list[Observation] = []
        unseen: list[Observation] = []
        for rev_id, row in values.items():
            observation = ([row[i] for i in columns], truth(chosen[rev_id], name))
            (unseen if page_of[rev_id] in held_out else seen).append(observation)
        model = _fit(features[name], seen)
        reports[name] = _measure(name, model, seen, unseen)
        _write_model(model, out / f"{WIKI}-{name}")
    progress("training", len(names), len(names))
    write_record(store_path, out, reports)
    return reports


def held_out_pages(page_ids: Sequence[int]) -> set[int]:
    """The pages kept for measuring: a page lies wholly on one side, so no text is seen twice."""
    return set(Random(SEED).sample(page_ids, round(len(page_ids) * HELD_OUT_SHARE)))


def truth(labels: Labels, name: str) -> bool:
    """The label that a model of this name learns."""
    label: bool = getattr(labels, name)
    return label


def _fit(features: Sequence[Any], seen: Sequence[Observation]) -> Any:
    model = GradientBoosting(
        features,
        labels=[True, False],
        version=MODEL_VERSION,
        center=True,
        scale=True,
        random_state=SEED,
        **ESTIMATOR,
    )
    model.train(seen)
    return model


def _measure(
    name: str, model: Any, seen: Sequence[Observation], unseen: Sequence[Observation]
) -> ModelReport:
    model.test(unseen)
    labels = [label for _, label in unseen]
    likely = [model.score(row)["probability"][True] for row, _ in unseen]
    predicted = [probability >= 0.5 for probability in likely]
    return ModelReport(
        name=name,
        version=MODEL_VERSION,
        features=len(model.features),
        trained_on=len(seen),
        held_out=len(unseen),
        held_out_true=sum(labels),
        roc_auc=round(float(roc_auc_score(labels, likely)), 4),
        precision=round(float(precision_score(labels, predicted)), 4) if any(predicted) else None,
        recall=round(float(recall_score(labels, predicted)), 4) if any(labels) else None,
    )


def _write_model(model: Any, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "model.bin.part"
    with unfinished.open("wb") as stream:
        model.dump(stream)
    digest = hashlib.sha256(unfinished.read_bytes()).hexdigest()
    os.replace(unfinished, folder / "model.bin")
    replace_text(folder / "SHA256SUMS", f"{digest}  model.bin\n")
