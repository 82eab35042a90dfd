"""What `liftwing-serving new` writes is a server at once, and keeps the contract."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.checkouts import copy_checkout
from support.conformance import Kit
from support.environment import environment
from support.processes import ModelServer

NAME = "edit-summary"
TEXTS = {"fixed a typo": "copyedit", "undid an edit": "revert", "added a citation": "source"}


@pytest.fixture(scope="module")
def model() -> Any:
    classifier = make_pipeline(CountVectorizer(), LogisticRegression())
    return classifier.fit(list(TEXTS), list(TEXTS.values()))


@pytest.fixture(scope="module")
def server(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    folder = tmp_path_factory.mktemp("family")
    checkout = copy_checkout(folder / "checkout")
    command = [str(Path(sys.executable).parent / "liftwing-serving"), "new", NAME]
    subprocess.run(command, cwd=checkout, env=environment(), check=True, capture_output=True)
    path = folder / "model.bin"
    path.write_bytes(pickle.dumps(model))
    program = checkout / NAME / "model-server/model.py"
    server = ModelServer(folder / "log", environment({"MODEL_PATH": str(path)}), program=program)
    yield server
    assert server.close() == 0


def test_it_answers_what_the_model_says(model: Any, server: ModelServer) -> None:
    for text in [*TEXTS, "moved a page", ""]:
        answer = server.predict(NAME, {"text": text})
        assert answer.status == 200
        (row,) = model.predict_proba([text]).tolist()
        assert answer.json["probability"] == dict(zip(model.classes_, row, strict=True))
        assert answer.json["prediction"] == model.predict([text])[0]


def test_it_keeps_the_contract(server: ModelServer) -> None:
    kit = Kit()
    found = kit.run(server)
    kit.close()
    assert found.failed == [], found.output
    assert len(found.passed) > 100
