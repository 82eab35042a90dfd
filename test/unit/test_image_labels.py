"""What an image's label says of its corpora."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build() -> Any:
    """The program as a module; it is in no package."""
    sys.path.insert(0, str(ROOT / "tools/images"))
    return importlib.import_module("build")


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("draftquality", "stand-in"),
        ("editquality", "downloaded"),
        ("ores", "none"),
        ("outlink-transformer", "none"),
        ("topic", "none"),
    ],
)
def test_the_label_tells_the_worst_source_of_what_the_image_reads(
    image: str, label: str, build: Any, tmp_path: Path
) -> None:
    both = ["draftquality", "editquality"]
    marker = {
        "source": "present",
        "stopwords": {"source": "downloaded", "images": both},
        "sentiwordnet": {"source": "stand-in", "images": ["draftquality"]},
        "wordnet": {"source": "present", "images": both},
    }
    (tmp_path / "corpora.json").write_text(json.dumps(marker))
    assert build.corpora_source(tmp_path / "corpora.json", image) == label
