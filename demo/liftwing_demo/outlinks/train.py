"""Training the outlink model with fastText, and measuring it on articles held out."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import fasttext
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from liftwing_demo.outlinks.examples import Example, read_examples
from liftwing_demo.outlinks.record import PIECES, SETTINGS, TopicReport, model_file, write_record
from liftwing_demo.training.suite import MODEL_VERSION
from liftwing_demo.wiki.build import Progress, quiet
from liftwing_demo.wiki.store import WikiStore

ONE_IN = 4
"""One article of so many is held out."""
THRESHOLD = 0.5
PIECE_SHARE = 0.3
LABEL = "__label__"


def train_topics(store_path: Path, models: Path, progress: Progress = quiet) -> TopicReport:
    """Learn from the articles of a wiki and write the model under its name.

    Raises OSError if the folder cannot be written to.
    """
    with WikiStore.open(store_path) as store:
        examples = []
        for example in read_examples(store):
            examples.append(example)
            progress("outlinks: articles", len(examples), len(examples))
    seen = [example for place, example in enumerate(examples) if place % ONE_IN]
    unseen = [example for place, example in enumerate(examples) if not place % ONE_IN]
    progress("outlinks: model", 0, 1)
    model = _fit(seen)
    report = _measure(model, len(seen), unseen)
    _write(model, model_file(models))
    write_record(store_path, models, report)
    progress("outlinks: model", 1, 1)
    return report


def _fit(seen: Sequence[Example]) -> Any:
    lines = [line for example in seen if example.topics for line in _lines(example)]
    with TemporaryDirectory() as scratch:
        text, vectors = Path(scratch, "articles.txt"), Path(scratch, "items.vec")
        text.write_text("\n".join(lines) + "\n")
        vectors.write_text(_first_vectors(sorted({item for one in seen for item in one.items})))
        return fasttext.train_supervised(
            str(text), pretrainedVectors=str(vectors), verbose=0, **SETTINGS
        )


def _lines(example: Example) -> Iterator[str]:
    """An article as fastText reads it: once with all its items, and PIECES times with some."""
    labels = [f"{LABEL}{topic.replace(' ', '_')}" for topic in example.topics]
    yield " ".join([*labels, *example.items])
    dice = Random(example.title)
    for _ in range(PIECES):
        some = [item for item in example.items if dice.random() < PIECE_SHARE]
        yield " ".join([*labels, *(some or example.items)])


def _first_vectors(items: Sequence[str]) -> str:
    """What training starts from, in fastText's form of vectors.

    fastText 0.9.3 would fill but a tenth of them for each thread, and leave the others to chance.
    """
    dim = SETTINGS["dim"]
    dice = Random(SETTINGS["seed"])
    words = ["</s>", *items]
    rows = [
        " ".join([word, *(f"{dice.uniform(-1 / dim, 1 / dim):.6f}" for _ in range(dim))])
        for word in words
    ]
    return "\n".join([f"{len(words)} {dim}", *rows]) + "\n"


def _measure(model: Any, trained_on: int, unseen: Sequence[Example]) -> TopicReport:
    """Over the topics that some held-out articles have, and some have not."""
    known = [label.removeprefix(LABEL) for label in model.labels]
    likely = [_probabilities(model, example.items) for example in unseen]
    truths = [{topic.replace(" ", "_") for topic in example.topics} for example in unseen]
    rates = []
    for topic in known:
        held_out = [topic in truth for truth in truths]
        if not 0 < sum(held_out) < len(held_out):
            continue
        scores = [one.get(topic, 0.0) for one in likely]
        predicted = [score >= THRESHOLD for score in scores]
        rates.append(
            (
                float(roc_auc_score(held_out, scores)),
                float(precision_score(held_out, predicted, zero_division=0.0)),
                float(recall_score(held_out, predicted)),
            )
        )
    roc_auc, precision, recall = (round(fmean(column), 4) for column in zip(*rates))
    return TopicReport(
        MODEL_VERSION, trained_on, len(unseen), len(rates), roc_auc, precision, recall
    )


def _probabilities(model: Any, items: Sequence[str]) -> dict[str, float]:
    labels, probabilities = model.predict(" ".join(items), k=-1)
    return {label.removeprefix(LABEL): float(p) for label, p in zip(labels, probabilities)}


def _write(model: Any, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.part")
    model.save_model(str(unfinished))
    os.replace(unfinished, file)
