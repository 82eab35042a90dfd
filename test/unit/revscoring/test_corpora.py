import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from liftwing_serving.revscoring import corpora
from liftwing_serving.revscoring.corpora import (
    LANGUAGES,
    CorporaReport,
    WordLists,
    prepare,
    recorded_source,
)
from support.environment import environment

REAL = {language: f"word of {language}\n".encode() for language in LANGUAGES}
NEWER = REAL | {"english": b"newer\n", "README": b"about\n"}


def quiet(line: str) -> None:
    pass


def unreachable() -> WordLists | None:
    return None


def never() -> WordLists | None:
    raise AssertionError("nothing should have been downloaded")


def unpacked(folder: Path, lists: WordLists = REAL) -> Path:
    target = folder / "corpora" / "stopwords"
    target.mkdir(parents=True)
    for name, words in lists.items():
        (target / name).write_bytes(words)
    return folder


def zipped(folder: Path, lists: WordLists = REAL) -> Path:
    (folder / "corpora").mkdir(parents=True)
    with zipfile.ZipFile(folder / "corpora" / "stopwords.zip", "w") as archive:
        archive.mkdir("stopwords")
        for name, words in lists.items():
            archive.writestr(f"stopwords/{name}", words)
    return folder


@pytest.mark.parametrize("make", [unpacked, zipped])
def test_what_nltk_data_holds_is_taken_without_a_download(make: Any, tmp_path: Path) -> None:
    given = make(tmp_path / "given")
    to = tmp_path / "to"
    assert prepare(to, quiet, [tmp_path / "none", given], never) == CorporaReport(to, "present")
    assert corpora.read_stopwords(to) == REAL
    assert recorded_source(to) == "present"


def test_what_the_destination_holds_already_is_left_as_it_is(tmp_path: Path) -> None:
    to = zipped(tmp_path / "to")
    assert prepare(to, quiet, [], never).source == "present"
    assert sorted(p.name for p in to.rglob("*")) == ["corpora", "stopwords.zip"]


def test_newer_lists_in_nltk_data_replace_older_ones(tmp_path: Path) -> None:
    to = zipped(tmp_path / "to")
    prepare(to, quiet, [zipped(tmp_path / "given", NEWER)], never)
    assert corpora.read_stopwords(to) == NEWER
    assert not (to / "corpora" / "stopwords.zip").exists()


def test_lists_are_downloaded_when_nobody_has_them(tmp_path: Path) -> None:
    assert prepare(tmp_path, quiet, [], lambda: REAL).source == "downloaded"
    assert prepare(tmp_path, quiet, [], never).source == "downloaded"


def test_without_a_network_a_stand_in_is_built_once(tmp_path: Path) -> None:
    said: list[str] = []
    assert prepare(tmp_path, said.append, [], unreachable).source == "stand-in"
    assert len(said) == 2
    assert prepare(tmp_path, said.append, [], never).source == "stand-in"
    assert len(said) == 2


def test_the_stand_in_gives_way_to_the_real_lists(tmp_path: Path) -> None:
    to = tmp_path / "to"
    prepare(to, quiet, [], unreachable)
    assert prepare(to, quiet, [zipped(tmp_path / "given")], never).source == "present"
    assert recorded_source(to) == "present"


def test_a_stand_in_named_by_nltk_data_stays_a_stand_in(tmp_path: Path) -> None:
    prepare(tmp_path / "given", quiet, [], unreachable)
    for to in (tmp_path / "given", tmp_path / "to"):
        report = prepare(to, quiet, [tmp_path / "given"], unreachable)
        assert report.source == "stand-in"
        assert recorded_source(to) == "stand-in"


def test_incomplete_and_damaged_lists_do_not_count(tmp_path: Path) -> None:
    without_german = {name: words for name, words in REAL.items() if name != "german"}
    damaged = zipped(tmp_path / "damaged")
    archive = damaged / "corpora" / "stopwords.zip"
    archive.write_bytes(archive.read_bytes()[:-30])
    given = [unpacked(tmp_path / "part", without_german), damaged]
    assert prepare(tmp_path / "to", quiet, given, unreachable).source == "stand-in"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"source": "elsewhere"}', '{"source": []}'])
def test_an_unreadable_marker_says_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / corpora.MARKER).write_text(text)
    assert recorded_source(tmp_path) is None


def test_an_interrupted_install_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(tmp_path, quiet, [], unreachable)
    assert corpora.read_stopwords(tmp_path) is None
    assert prepare(tmp_path, quiet, [], lambda: REAL).source == "downloaded"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpora", "corpora.json"]


def test_without_any_source_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "stopwordsiso", None)
    with pytest.raises(corpora.CorporaUnavailable, match="stopwordsiso"):
        prepare(tmp_path, quiet, [], unreachable)


def test_a_downloader_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "DOWNLOAD_TIMEOUT_SECONDS", 0.01)
    assert corpora.download_stopwords() is None


def test_the_command_warns_of_a_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NLTK_DATA", raising=False)
    prepare(tmp_path, quiet, [], unreachable)
    assert corpora.main(["--to", str(tmp_path)]) == 0
    assert "stand-in stop words" in capsys.readouterr().err

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
