"""What an image's label says of its corpora."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build() -> Any:
    """The program as a module; it is in no package."""
    spec = importlib.util.spec_from_file_location("build", ROOT / "tools/images/build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("image", "label"),
    [("draftquality", "stand-in"), ("editquality", "downloaded"), ("topic", "none")],
)
def test_the_label_tells_the_worst_source_of_what_the_image_reads(
    image: str, label: str, build: Any, tmp_path: Path
) -> None:
    both = ["draftquality", "editquality"]
    marker = {
        "stopwords": {"source": "downloaded", "images": both},
        "sentiwordnet": {"source": "stand-in", "images": ["draftquality"]},
        "wordnet": {"source": "present", "images": both},
    }
    (tmp_path / "corpora.json").write_text(json.dumps(marker))
    assert build.corpora_source(tmp_path / "corpora.json", image) == label
