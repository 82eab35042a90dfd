"""What a server says before it serves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from liftwing_serving.revscoring import ServiceName
from liftwing_serving.revscoring.startup import warn_of_stand_ins


def corpora(folder: Path, **sources: str) -> Path:
    for name in sources:
        (folder / "corpora" / name).mkdir(parents=True)
    entries = {name: {"source": source} for name, source in sources.items()}
    (folder / "corpora.json").write_text(json.dumps(entries))
    return folder


@pytest.mark.parametrize(
    ("names", "warned_of"),
    [
        (["enwiki-damaging"], []),
        (["enwiki-draftquality"], ["sentiwordnet"]),
        (["enwiki-damaging", "enwiki-draftquality"], ["sentiwordnet"]),
        (["wikidatawiki-itemtopic"], []),
    ],
)
def test_the_stand_ins_that_the_models_read_are_named_and_no_others(
    names: list[str], warned_of: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = corpora(tmp_path, stopwords="downloaded", wordnet="present", sentiwordnet="stand-in")
    warn_of_stand_ins(str(folder), [ServiceName.parse(name) for name in names])
    assert [record.levelname for record in caplog.records] == ["WARNING"] * len(warned_of)
    for record, name in zip(caplog.records, warned_of):
        assert record.getMessage().startswith(f"{folder} holds a stand-in for {name}: ")


def test_stand_in_stop_words_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = corpora(tmp_path, stopwords="stand-in")
    warn_of_stand_ins(str(folder), [ServiceName("enwiki", "damaging")])
    (record,) = caplog.records
    assert "stopwords" in record.getMessage()
