"""What a server says before it serves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from liftwing_serving.revscoring.startup import warn_of_stand_ins


def corpora(folder: Path, source: str) -> Path:
    folder.mkdir()
    (folder / "corpora.json").write_text(f'{{"source": "{source}"}}')
    return folder


def test_stand_in_corpora_are_named_and_real_ones_are_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    real = corpora(tmp_path / "real", "downloaded")
    made_up = corpora(tmp_path / "made-up", "stand-in")
    nltk_data = os.pathsep.join(map(str, [real, made_up, tmp_path / "absent"]))
    warn_of_stand_ins(nltk_data)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert str(made_up) in record.getMessage()
