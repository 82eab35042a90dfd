"""What a server says before it serves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from liftwing_serving.revscoring import FAMILIES, Family, RevscoringSettings, ServiceName
from liftwing_serving.revscoring.families import DRAFTQUALITY, EDITQUALITY, TOPIC, settings_of
from liftwing_serving.revscoring.startup import model_files, warn_of_stand_ins
from liftwing_serving.settings import SettingsError, load_settings


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


def settings_for(names: str, *families: Family, **given: object) -> RevscoringSettings:
    required = {"inference_name": names, "wiki_url": "http://localhost:8090"}
    return load_settings(settings_of(families), **required, **given)


def named(names: str) -> list[ServiceName]:
    return [ServiceName.parse(name) for name in names.split(",")]


@pytest.mark.parametrize(
    ("name", "family", "path"),
    [
        ("enwiki-draftquality", DRAFTQUALITY, "/mnt/models/model.bz2"),
        ("enwiki-damaging", EDITQUALITY, "/mnt/models/model.bin"),
        ("enwiki-drafttopic", TOPIC, "/mnt/models/model.bin"),
    ],
)
def test_a_model_is_looked_for_under_its_familys_file_name(
    name: str, family: Family, path: str
) -> None:
    with pytest.raises(SettingsError, match=f"^MODEL_PATH: there is no model file {path}"):
        model_files(settings_for(name, family), named(name))


def test_models_of_several_families_each_have_their_own_file_name(tmp_path: Path) -> None:
    names = "enwiki-damaging,enwiki-draftquality,enwiki-articletopic"
    paths = []
    for name, file in zip(names.split(","), ["model.bin", "model.bz2", "model.bin"]):
        paths.append(tmp_path / name / file)
        paths[-1].parent.mkdir()
        paths[-1].touch()
    settings = settings_for(names, *FAMILIES, model_path=tmp_path, word2vec_path=tmp_path / "kv")
    files = model_files(settings, named(names))
    assert [file.path for file in files] == paths
    assert {file.embeddings for file in files} == {tmp_path / "kv"}


def test_a_server_without_topics_has_no_embeddings(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    settings = settings_for("enwiki-damaging", EDITQUALITY, model_path=tmp_path / "model.bin")
    (file,) = model_files(settings, named("enwiki-damaging"))
    assert file.embeddings is None
