"""What tests need, takes long to make and depends on nothing of ours that they try.

It is kept in build/tests, also for later runs, until something changes that it is made from. Set
FULL=1 to make everything anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from liftwing_demo.checkout import ROOT

FOLDER = ROOT / "build/tests"
# Everything is made by these, with the packages of the lock.
MAKERS = ("requirements/dev.lock", "demo/liftwing_demo", "test/support")
# What the library reads besides: too much to read it all, so that names, sizes and times must do.
DICTIONARIES = ("/usr/share/hunspell", "/usr/lib/aspell", "/var/lib/aspell", "/usr/share/wordnet")
# Of one name: of this checkout, and of others that share its build folder.
VERSIONS = 3
# Of a hash, in hexadecimal digits.
LENGTH = 20

Answers = dict[tuple[str, int], dict[str, Any]]


class Kept:
    """Files and answers by name. `folder` is where they are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str, make: Callable[[Path], None], *given: object) -> Path:
        """A file or folder that `make` writes; `given` is what it depends on besides MAKERS.

        Not to be written to. Paths that are given count by what they hold.
        """
        path = self._named(name, digest(made_from(), *given))
        with _locked(self._folder / f"{name}.lock"):
            if path.exists():
                path.touch()
                return path
            unfinished = path.with_name(f"{path.name}.unfinished")
            _remove(unfinished)
            make(unfinished)
            unfinished.rename(path)
            for old in self._versions(name)[VERSIONS:]:
                _remove(old)
        return path

    def answers(self, name: str, make: Callable[[], Answers], *given: object) -> Answers:
        """What a library answered, by model and revision."""

        def write(path: Path) -> None:
            path.write_text(json.dumps([[*key, answer] for key, answer in make().items()]))

        rows = json.loads(self.path(name, write, *given).read_text())
        return {(model, rev_id): answer for model, rev_id, answer in rows}

    def _versions(self, name: str) -> list[Path]:
        """Those of a name, the one used last first."""
        found = self._folder.glob(self._named(name, "?" * LENGTH).name)
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)

    def _named(self, name: str, version: str) -> Path:
        stem, dot, suffix = name.partition(".")
        return self._folder / f"{stem}-{version}{dot}{suffix}"


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(folder_for(tmp_path_factory.getbasetemp()))


def folder_for(temporary: Path) -> Path:
    """Where a run keeps things: in its temporary folder if everything is to be made anew."""
    if os.environ.get("FULL") != "1":
        return FOLDER
    # The processes of one run have folders side by side, and share what is beside them.
    return (temporary.parent if os.environ.get("PYTEST_XDIST_WORKER") else temporary) / "kept"


def digest(*given: object) -> str:
    """A hash of values, and of what is at paths."""
    found = hashlib.sha256()
    for value in given:
        if isinstance(value, Path):
            for file in _files(value):
                found.update(f"{file.relative_to(value)}\0".encode())
                found.update(hashlib.sha256(file.read_bytes()).digest())
        else:
            found.update(f"{value!r}\0".encode())
    return found.hexdigest()[:LENGTH]


@cache
def made_from() -> str:
    """A hash of what is the same for everything that is kept."""
    corpora = [Path(folder) for folder in os.environ["NLTK_DATA"].split(os.pathsep)]
    seen = [
        (str(file), file.stat().st_size, file.stat().st_mtime_ns)
        for folder in DICTIONARIES
        for file in _files(Path(folder))
    ]
    return digest(sys.version, *(ROOT / maker for maker in MAKERS), *corpora, seen)


def _files(path: Path) -> list[Path]:
    """The files of a folder, or the one that the path is; none if there is nothing."""
    if path.is_file():
        return [path]
    found = (it for it in path.rglob("*") if it.is_file() and "__pycache__" not in it.parts)
    return sorted(found)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # Closing is not enough: a process that was forked meanwhile has the file open, too.
            fcntl.flock(lock, fcntl.LOCK_UN)
