"""Corpora: where they are taken from, what is remembered of that, and what stands in for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from liftwing_serving.revscoring import corpora
from liftwing_serving.revscoring.corpora import CORPORA, Corpus, catalogue, folder, preparing
from liftwing_serving.revscoring.corpora import prepare, stand_ins_of
from liftwing_serving.revscoring.corpora.catalogue import LANGUAGES, STOPWORDS, WORDNET, Files
from liftwing_serving.revscoring.corpora.folder import read_corpus, recorded_source
from support.environment import environment

Lists = Mapping[str, Files]

REAL: Lists = {
    corpus.name: {name: f"{name} of {corpus.name}\n".encode() for name in corpus.required}
    for corpus in CORPORA
}
NEWER: Lists = {name: files | {"README": b"newer\n"} for name, files in REAL.items()}
ALL = [corpus.name for corpus in CORPORA]


@pytest.fixture(autouse=True)
def debian(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What wordnet-base installs, as far as it is looked at here."""
    debian = tmp_path_factory.mktemp("debian")
    for name in WORDNET.required - {"lexnames", "index.sense"}:
        (debian / name).write_text("Debian's\n")
    monkeypatch.setattr(catalogue, "DEBIAN_WORDNET", debian)
    return debian


def quiet(line: str) -> None:
    pass


def unreachable(wanted: Sequence[Corpus]) -> Lists:
    return {}


def reachable(wanted: Sequence[Corpus]) -> Lists:
    return {corpus.name: REAL[corpus.name] for corpus in wanted}


def never(wanted: Sequence[Corpus]) -> Lists:
    raise AssertionError("nothing should have been downloaded")


def unpacked(to: Path, lists: Lists = REAL) -> Path:
    for corpus, files in lists.items():
        target = to / "corpora" / corpus
        target.mkdir(parents=True)
        for name, content in files.items():
            (target / name).write_bytes(content)
    return to


def zipped(to: Path, lists: Lists = REAL) -> Path:
    (to / "corpora").mkdir(parents=True)
    for corpus, files in lists.items():
        with zipfile.ZipFile(to / "corpora" / f"{corpus}.zip", "w") as archive:
            archive.mkdir(corpus)
            for name, content in files.items():
                archive.writestr(f"{corpus}/{name}", content)
    return to


def held(by: Path) -> dict[str, Files | None]:
    return {corpus.name: read_corpus(by, corpus) for corpus in CORPORA}


def everything(source: str) -> dict[str, str]:
    return dict.fromkeys(ALL, source)


@pytest.mark.parametrize("make", [unpacked, zipped])
def test_what_nltk_data_holds_is_taken_without_a_download(make: type, tmp_path: Path) -> None:
    given, to = make(tmp_path / "given"), tmp_path / "to"
    assert prepare(to, quiet, [tmp_path / "none", given], never) == everything("present")
    assert held(to) == REAL
    assert all(recorded_source(to, corpus) == "present" for corpus in CORPORA)


def test_what_the_destination_holds_already_is_left_as_it_is(tmp_path: Path) -> None:
    to = zipped(tmp_path / "to")
    before = sorted(path.name for path in to.rglob("*"))
    assert prepare(to, quiet, [], never) == everything("present")
    assert sorted(path.name for path in to.rglob("*")) == before


def test_newer_files_in_nltk_data_replace_older_ones(tmp_path: Path) -> None:
    to = zipped(tmp_path / "to")
    prepare(to, quiet, [zipped(tmp_path / "given", NEWER)], never)
    assert held(to) == NEWER
    assert not list(to.rglob("*.zip"))


def test_corpora_are_downloaded_when_nobody_has_them(tmp_path: Path) -> None:
    assert prepare(tmp_path, quiet, [], reachable) == everything("downloaded")
    assert prepare(tmp_path, quiet, [], never) == everything("downloaded")


def test_each_corpus_comes_from_the_best_source_that_has_it(tmp_path: Path) -> None:
    given = zipped(tmp_path / "given", {"stopwords": REAL["stopwords"]})
    asked: list[str] = []

    def some(wanted: Sequence[Corpus]) -> Lists:
        asked.extend(corpus.name for corpus in wanted)
        return {"wordnet": REAL["wordnet"]}

    expected = {"stopwords": "present", "wordnet": "downloaded", "sentiwordnet": "stand-in"}
    assert prepare(tmp_path / "to", quiet, [given], some) == expected
    assert asked == ["wordnet", "sentiwordnet"]
    assert prepare(tmp_path / "to", quiet, [given], never) == expected


def test_without_a_network_stand_ins_are_built_once(tmp_path: Path) -> None:
    said: list[str] = []
    assert prepare(tmp_path, said.append, [], unreachable) == everything("stand-in")
    assert len(said) == 4
    assert prepare(tmp_path, said.append, [], never) == everything("stand-in")
    assert len(said) == 4


def test_stand_ins_give_way_to_the_real_corpora(tmp_path: Path) -> None:
    to = tmp_path / "to"
    prepare(to, quiet, [], unreachable)
    assert prepare(to, quiet, [zipped(tmp_path / "given")], never) == everything("present")
    assert held(to) == REAL


def test_stand_ins_named_by_nltk_data_stay_stand_ins(tmp_path: Path) -> None:
    prepare(tmp_path / "given", quiet, [], unreachable)
    for to in (tmp_path / "given", tmp_path / "to"):
        assert prepare(to, quiet, [tmp_path / "given"], unreachable) == everything("stand-in")


def test_incomplete_and_damaged_corpora_do_not_count(tmp_path: Path) -> None:
    part = {corpus.name: dict(REAL[corpus.name]) for corpus in CORPORA}
    for corpus in CORPORA:
        del part[corpus.name][min(corpus.required)]
    damaged = zipped(tmp_path / "damaged")
    for archive in damaged.rglob("*.zip"):
        archive.write_bytes(archive.read_bytes()[:-30])
    given = [unpacked(tmp_path / "part", part), damaged]
    assert prepare(tmp_path / "to", quiet, given, unreachable) == everything("stand-in")


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"source": "present"}', '{"stopwords": "present"}'),
        *('{"stopwords": {"source": "elsewhere"}}', '{"stopwords": {"source": []}}'),
    ],
)
def test_files_under_a_marker_that_does_not_tell_of_them_are_replaced(
    text: str, tmp_path: Path
) -> None:
    (unpacked(tmp_path) / folder.MARKER).write_text(text)
    assert recorded_source(tmp_path, STOPWORDS) is None
    assert prepare(tmp_path, quiet, [], unreachable) == everything("stand-in")


def test_an_interrupted_install_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(tmp_path, quiet, [], unreachable)
    assert read_corpus(tmp_path, STOPWORDS) is None
    assert prepare(tmp_path, quiet, [], reachable) == everything("downloaded")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpora", "corpora.json"]


def test_without_any_source_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, debian: Path
) -> None:
    monkeypatch.setattr(catalogue, "DEBIAN_WORDNET", tmp_path / "none")
    with pytest.raises(corpora.CorporaUnavailable, match="wordnet-base"):
        prepare(tmp_path, quiet, [], unreachable)
    monkeypatch.setitem(sys.modules, "stopwordsiso", None)
    with pytest.raises(corpora.CorporaUnavailable, match="stopwordsiso"):
        prepare(tmp_path / "to", quiet, [], unreachable)


def test_a_downloader_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "DOWNLOAD_TIMEOUT_SECONDS", 0.01)
    assert preparing.download_corpora(CORPORA) == {}


def test_the_marker_names_the_images_that_each_corpus_matters_for(tmp_path: Path) -> None:
    prepare(tmp_path, quiet, [], unreachable)
    marker = json.loads((tmp_path / "corpora.json").read_text())
    assert {name: entry["images"] for name, entry in marker.items()} == {
        "stopwords": ["articlequality", "draftquality", "editquality", "revscoring"],
        "wordnet": ["draftquality", "revscoring"],
        "sentiwordnet": ["draftquality", "revscoring"],
    }


def test_the_stand_ins_that_matter_are_those_that_nltk_finds_first(tmp_path: Path) -> None:
    made_up, real = tmp_path / "made-up", tmp_path / "real"
    prepare(made_up, quiet, [], unreachable)
    unpacked(real)

    def names(*folders: Path) -> list[str]:
        return [corpus.name for corpus, _ in stand_ins_of(folders, ["stopwords", "wordnet"])]

    assert names(made_up) == names(made_up, real) == ["stopwords", "wordnet"]
    assert names(real, made_up) == names(tmp_path / "absent") == []
    # NLTK looks for what is zipped only after what is unpacked.
    assert names(zipped(tmp_path / "zipped"), made_up) == ["stopwords", "wordnet"]


def test_the_command_warns_of_each_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NLTK_DATA", raising=False)
    prepare(tmp_path, quiet, [], unreachable)
    assert corpora.main(["--to", str(tmp_path)]) == 0
    warnings = capsys.readouterr().err.splitlines()
    assert [line.split()[6].rstrip(":") for line in warnings] == ALL

    monkeypatch.setenv("NLTK_DATA", os.pathsep.join(["", str(zipped(tmp_path / "given"))]))
    assert corpora.main(["--to", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""


def python(code: str, nltk_data: Path) -> str:
    alone = environment({"NLTK_DATA": str(nltk_data), "HOME": str(nltk_data)})
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_import_stays_cheap(tmp_path: Path) -> None:
    code = (
        "import sys, liftwing_serving.revscoring.corpora; "
        "print({'nltk', 'numpy'} & sys.modules.keys())"
    )
    assert python(code, tmp_path) == "set()\n"


def test_every_language_of_revscoring_that_wants_nltk_finds_its_list(tmp_path: Path) -> None:
    prepare(tmp_path, quiet, [], unreachable)
    # Whatever revscoring.languages asks NLTK for is read from its text: importing every language
    # would need a dictionary of each.
    code = """
import importlib.util, json, pathlib, re
folder = pathlib.Path(importlib.util.find_spec("revscoring").origin).parent / "languages"
asked = {
    name
    for path in folder.glob("*.py")
    for name in re.findall(r"stopwords\\.words\\(['\\"](\\w+)", path.read_text())
}
from nltk.corpus import stopwords
print(json.dumps({name: len(stopwords.words(name)) for name in asked}))
"""
    sizes = json.loads(python(code, tmp_path))
    assert sizes.keys() == LANGUAGES.keys()
    assert min(sizes.values()) > 100


@pytest.mark.parametrize("language", ["english", "german", "swedish"])
def test_a_language_imports_with_the_stand_in(language: str, tmp_path: Path) -> None:
    prepare(tmp_path, quiet, [], unreachable)
    code = f"from revscoring.languages import {language}; print({language}.stopwords)"
    assert python(code, tmp_path)
