"""Light models of every family but edit quality, over real feature lists, and what those read.

`write_embeddings` and `write_models` import gensim and revscoring: a process of its own calls them.
"""

from __future__ import annotations

import bz2
import importlib
import pickle
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ARTICLES_KV = "enwiki-20200501-learned_vectors.50_cell.10k.kv"
ITEMS_KV = "wikidata-20200501-learned_vectors.50_cell.10k.kv"

CLASSES = ("Stub", "Start", "C", "B", "GA", "FA")
GRADES = ("A", "B", "C", "D", "E")
FATES = ("OK", "attack", "spam", "vandalism")
TOPICS = ("Culture.Sports", "Geography.Regions.Europe*", "History and Society.War", "STEM.STEM*")


@dataclass(frozen=True)
class Light:
    """A model to make: the feature list's module and name, and the labels it tells apart."""

    module: str
    features: str
    labels: Sequence[str]
    many: bool = False
    file: str = "model.bin"


MODELS = {
    "enwiki-articlequality": Light("articlequality.feature_lists.enwiki", "wp10", CLASSES),
    "enwiki-draftquality": Light(
        "draftquality.feature_lists.enwiki", "draft_quality", FATES, file="model.bz2"
    ),
    "enwiki-articletopic": Light(
        "drafttopic.feature_lists.enwiki", "articletopic", TOPICS, many=True
    ),
    "enwiki-drafttopic": Light("drafttopic.feature_lists.enwiki", "drafttopic", TOPICS, many=True),
    "wikidatawiki-itemquality": Light(
        "articlequality.feature_lists.wikidatawiki", "item_quality", GRADES
    ),
    "wikidatawiki-itemtopic": Light(
        "drafttopic.feature_lists.wikidata", "articletopic", TOPICS, many=True
    ),
}


def path_of(folder: Path, name: str) -> Path:
    """Where a model lies, in the layout of MODEL_PATH for several models."""
    return folder / name / MODELS[name].file


def write_embeddings(folder: Path, words: dict[str, Sequence[str]]) -> None:
    """Random vectors of 50 cells for the words of each file; the vectors in a file of their own."""
    import numpy as np
    from gensim.models.keyedvectors import KeyedVectors

    dice = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    for file, known in words.items():
        vectors = KeyedVectors(50)
        cells = dice.normal(size=(len(known), 50)).astype(np.float32)
        vectors.add_vectors(list(known), cells)
        vectors.save(str(folder / file), separately=["vectors"])


def write_models(folder: Path) -> None:
    """All of them. Their embeddings must be where revscoring looks."""
    for seed, (name, light) in enumerate(MODELS.items()):
        features = getattr(importlib.import_module(light.module), light.features)
        path = path_of(folder, name)
        path.parent.mkdir(parents=True)
        packed = pickle.dumps(_trained(light, features, seed))
        path.write_bytes(bz2.compress(packed) if path.suffix == ".bz2" else packed)


def _trained(light: Light, features: Sequence[Any], seed: int) -> Any:
    """A model fitted to noise: worthless, but features move it, so that a wrong value shows."""
    from revscoring.features import FeatureVector
    from revscoring.scoring.models import GradientBoosting

    dice = random.Random(seed)

    def value(feature: Any) -> Any:
        if isinstance(feature, FeatureVector):
            # The mean of many words is near 0.
            return [dice.gauss(0, 0.3) for _ in range(50)]
        if feature.returns is bool:
            return dice.random() < 0.5
        return feature.returns(dice.random() * 10 ** dice.randint(0, 4))

    def label(number: int) -> Any:
        if light.many:
            return [topic for topic in light.labels if dice.random() < 0.45]
        return light.labels[number % len(light.labels)]

    model = GradientBoosting(
        features,
        list(light.labels),
        multilabel=light.many,
        version=f"0.0.{seed}",
        random_state=seed,
        n_estimators=30,
        max_depth=4,
    )
    rows = [[value(feature) for feature in features] for _ in range(200)]
    model.train([(row, label(number)) for number, row in enumerate(rows)])
    return model
