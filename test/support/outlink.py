"""A small fastText model and the outlink pair around it, for tests."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.environment import environment
from support.processes import ROOT, ModelServer

NAME = "outlink-topic-model"
PREDICTOR = ROOT / "outlink/model-server/model.py"
TRANSFORMER = ROOT / "outlink-transformer/model-server/transformer.py"

# fastText 0.9.3 fills but a tenth of what training starts from for each thread.
_TRAIN = """
import sys, fasttext
fasttext.train_supervised(
    sys.argv[1], dim=8, epoch=20, lr=0.5, minCount=1, thread=10, verbose=0, bucket=0, maxn=0
).save_model(sys.argv[2])
"""
_PREDICT = """
import json, sys, fasttext
model = fasttext.load_model(sys.argv[1])
answers = []
for line in json.load(sys.stdin):
    labels, scores = model.predict(line, k=-1, threshold=0.0)
    names = [label.removeprefix("__label__") for label in labels]
    answers.append([*zip(names, map(float, scores))])
json.dump(answers, sys.stdout)
"""


TOPICS = 12
ITEMS = 600


def write_topic_model(path: Path) -> None:
    """A model in which each topic has items of its own; in a process that imports fasttext."""
    dice = random.Random(1)
    lines = []
    for _ in range(800):
        topic = dice.randrange(TOPICS)
        words = [_item_of(topic, dice) for _ in range(20)]
        lines.append(f"__label__Topic.{topic} {' '.join(words)}\n")
    text = path.with_suffix(".txt")
    text.write_text("".join(lines))
    _run(_TRAIN, [str(text), str(path)])


def fasttexts_own(path: Path, lines: Sequence[str]) -> list[list[tuple[str, float]]]:
    """What fastText says of each line by itself: all labels with their scores, best first."""
    answers = json.loads(_run(_PREDICT, [str(path)], json.dumps(lines)))
    return [[(label, score) for label, score in answer] for answer in answers]


def some_items(seed: int, count: int = 30) -> str:
    """Items with spaces between: most of one topic, some of others, some that no model knows."""
    dice = random.Random(seed)
    words = [
        _item_of(seed % TOPICS, dice) if dice.random() < 0.7 else f"Q{dice.randrange(2 * ITEMS)}"
        for _ in range(count)
    ]
    return " ".join(words)


def start_predictor(log: Path, model: Path, *flags: str, port: int = 0) -> ModelServer:
    return ModelServer(log, {"MODEL_PATH": str(model)}, flags, program=PREDICTOR, port=port)


def start_transformer(
    log: Path, predictor: str, protocol: str = "v1", **settings: str
) -> ModelServer:
    flags = ["--predictor_host", predictor, "--predictor_protocol", protocol]
    return ModelServer(log, settings, [*flags, "--model_name", NAME], program=TRANSFORMER)


def _item_of(topic: int, dice: random.Random) -> str:
    return f"Q{topic + TOPICS * dice.randrange(ITEMS // TOPICS)}"


def results(answer: Any) -> list[tuple[str, float]]:
    """The topics in a transformer's V1 answer."""
    return [(entry["topic"], entry["score"]) for entry in answer["prediction"]["results"]]


def _run(code: str, arguments: list[str], given: str = "") -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command, input=given, env=environment(), check=True, capture_output=True, text=True
    )
    return done.stdout
