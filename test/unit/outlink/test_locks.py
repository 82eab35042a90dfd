"""What the images of the outlink pair do not carry, and its servers do not import."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.imports import modules_after

ROOT = Path(__file__).parents[3]
OF_OTHERS = {"gensim", "nltk", "revscoring", "scikit-learn", "scipy"}


def locked(folder: str) -> set[str]:
    lock = (ROOT / folder / "requirements.lock").read_text()
    return set(re.findall(r"^([a-z0-9-]+)==", lock, re.M))


def test_the_transformers_image_has_no_library_of_any_model() -> None:
    packages = locked("outlink-transformer")
    assert {"aiohttp", "kserve", "mwapi"} <= packages
    assert packages & (OF_OTHERS | {"fasttext"}) == set()


def test_the_predictors_image_has_fasttext_and_no_other_models_library() -> None:
    packages = locked("outlink")
    assert "fasttext" in packages
    assert packages & OF_OTHERS == set()


@pytest.mark.parametrize("module", ["outlink", "outlink.http_client", "outlink.grpc_client"])
def test_nothing_that_the_transformer_imports_is_a_library_of_a_model(module: str) -> None:
    imported = modules_after(f"liftwing_serving.{module}")
    assert imported & {"fasttext", "gensim", "nltk", "revscoring", "sklearn"} == set()
