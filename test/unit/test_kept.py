"""What tests keep for later runs, and when it is made anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import kept as keeping
from support.kept import VERSIONS, Answers, Kept, folder_for


@pytest.fixture
def makers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout with one maker, and no dictionaries or corpora."""
    checkout = tmp_path / "checkout"
    (checkout / "made/by").mkdir(parents=True)
    (checkout / "made/by/this.py").write_text("1")
    monkeypatch.setattr(keeping, "ROOT", checkout)
    monkeypatch.setattr(keeping, "MAKERS", ("made",))
    monkeypatch.setattr(keeping, "DICTIONARIES", (str(tmp_path / "words"),))
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "corpora"))
    keeping.made_from.cache_clear()
    yield checkout / "made/by/this.py"
    keeping.made_from.cache_clear()


class Maker:
    """Writes a file, and knows how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, path: Path) -> None:
        self.times += 1
        path.write_text(str(self.times))


def test_what_is_made_once_is_found_by_others_and_in_later_runs(
    makers: Path, tmp_path: Path
) -> None:
    make = Maker()
    first = Kept(tmp_path / "kept").path("wiki.sqlite", make, 1, "a")
    again = Kept(tmp_path / "kept").path("wiki.sqlite", make, 1, "a")
    assert (first, make.times) == (again, 1)
    assert first.name.startswith("wiki-") and first.suffix == ".sqlite"


def test_another_value_or_file_given_makes_it_anew(makers: Path, tmp_path: Path) -> None:
    kept, make, model = Kept(tmp_path / "kept"), Maker(), tmp_path / "model"
    model.write_text("one")
    paths = {kept.path("answers", make, model, [1, 2]), kept.path("answers", make, model, [1])}
    model.write_text("two")
    paths.add(kept.path("answers", make, model, [1]))
    assert len(paths) == make.times == 3


def test_so_does_a_change_of_what_everything_is_made_from(makers: Path, tmp_path: Path) -> None:
    kept, make = Kept(tmp_path / "kept"), Maker()
    (tmp_path / "corpora").mkdir()
    (tmp_path / "words").mkdir()
    changed = [
        *(makers, makers.with_name("more.py")),
        *(tmp_path / "corpora/stopwords", tmp_path / "words/en.dic"),
    ]
    for number, file in enumerate(changed, 1):
        file.write_text("changed")
        keeping.made_from.cache_clear()
        kept.path("answers", make)
        assert make.times == number, file


def test_what_could_not_be_made_is_not_kept(makers: Path, tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept")

    def fail(path: Path) -> None:
        path.mkdir()
        (path / "half").write_text("")
        raise ValueError("no")

    with pytest.raises(ValueError):
        kept.path("models", fail)
    assert kept.path("models", Maker()).read_text() == "1"


def test_the_versions_used_last_stay(makers: Path, tmp_path: Path) -> None:
    kept, make = Kept(tmp_path / "kept"), Maker()
    other = kept.path("models-of-all", make)
    paths = [kept.path("models", make, number) for number in range(VERSIONS + 2)]
    assert [path.exists() for path in paths] == [False] * 2 + [True] * VERSIONS
    assert other.exists()


def test_answers_are_as_they_were(makers: Path, tmp_path: Path) -> None:
    answers: Answers = {
        ("enwiki-damaging", 5): {"score": 0.1 + 0.2},
        ("enwiki-damaging", 6): {"error": "x"},
    }
    kept = Kept(tmp_path / "kept")
    assert kept.answers("stock", lambda: answers) == answers
    assert kept.answers("stock", lambda: {}) == answers


def test_of_processes_that_need_it_at_once_one_makes_it(makers: Path, tmp_path: Path) -> None:
    made = []

    def make(path: Path) -> None:
        made.append(path)
        time.sleep(0.05)
        path.write_text(str(len(made)))

    def ask(number: int) -> str:
        return Kept(tmp_path / "kept").path("wiki", make).read_text()

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(ask, range(8))) == {"1"}


def test_full_makes_everything_anew_once_for_all_processes_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.delenv("FULL", raising=False)
    assert folder_for(tmp_path) == keeping.FOLDER
    monkeypatch.setenv("FULL", "1")
    assert folder_for(tmp_path) == tmp_path / "kept"
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    both = {folder_for(tmp_path / "popen-gw0"), folder_for(tmp_path / "popen-gw1")}
    assert both == {tmp_path / "kept"}
