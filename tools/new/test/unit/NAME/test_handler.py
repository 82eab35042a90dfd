"""What the server of NAME reads and answers, with a small model."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving.errors import BadRequest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

SERVER = Path(__file__).parents[3] / "NAME/model-server"
TEXTS = {"a gannet dives": "bird", "an auk dives": "bird", "a gannet class": "ship"}


@pytest.fixture(scope="module")
def model() -> Any:
    """A classifier of the kind that the handler loads."""
    classifier = make_pipeline(CountVectorizer(), LogisticRegression())
    return classifier.fit(list(TEXTS), list(TEXTS.values()))


@pytest.fixture(scope="module")
def handler(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("model") / "model.bin"
    path.write_bytes(pickle.dumps(model))
    handler = runpy.run_path(str(SERVER / "handler.py"))["Handler"]
    return handler(path)


def test_an_answer_is_what_the_model_says(model: Any, handler: Any) -> None:
    for text in [*TEXTS, "a fulmar", ""]:
        answer = handler(text)
        assert answer["prediction"] == model.predict([text])[0]
        assert list(answer["probability"]) == list(model.classes_)
        assert list(answer["probability"].values()) == model.predict_proba([text])[0].tolist()


def test_a_request_without_a_text_is_refused_by_name() -> None:
    read = runpy.run_path(str(SERVER / "model.py"))["read"]
    assert read({"text": "a gannet"}) == "a gannet"
    for fields in ({}, {"text": 7}):
        with pytest.raises(BadRequest, match='Expected "text" to be a string.'):
            read(fields)
