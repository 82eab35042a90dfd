"""The NLTK word lists that revscoring reads at import, prepared in one folder.

`prepare` takes them from NLTK_DATA (https://www.nltk.org/data.html) if it holds them, else from
NLTK's downloader, else builds a stand-in. A marker beside the lists says which, so that an image
made with stand-ins can be recognised.
"""

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from liftwing_serving.revscoring.settings import CorporaSettings
from liftwing_serving.settings import load_settings

Source = Literal["present", "downloaded", "stand-in"]
# Files of a word a line, by NLTK's name of the language.
WordLists = Mapping[str, bytes]

MARKER = "corpora.json"
DOWNLOAD_TIMEOUT_SECONDS = 20.0

# NLTK's name of each list that a module of revscoring.languages reads, and its ISO code.
LANGUAGES = {
    "arabic": "ar",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "hungarian": "hu",
    "italian": "it",
    "norwegian": "no",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
}

STAND_IN_WARNING = (
    "WARNING: {path} holds stand-in stop words: scores will differ from production's."
)
STAND_IN_REMEDY = (
    "WARNING: for the real ones run `python -m nltk.downloader -d DIR stopwords` where the\n"
    "WARNING: network allows it and set NLTK_DATA=DIR; to download again here, remove {path}."
)


class CorporaUnavailable(Exception):
    """No source has the word lists; the text says what was tried."""


@dataclass(frozen=True)
class CorporaReport:
    """Where the word lists are and where they came from."""

    path: Path
    source: Source


def recorded_source(folder: Path) -> Source | None:
    """What the folder's marker says, or None where `prepare` never wrote."""
    try:
        source = json.loads((folder / MARKER).read_text())["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return cast(Source, source) if source in get_args(Source) else None


def read_stopwords(folder: Path) -> WordLists | None:
    """The stop words of an NLTK data folder, unpacked or zipped.

    None unless every language is there and can be read.
    """
    corpora = folder / "corpora"
    lists: dict[str, bytes] = {}
    try:
        if (corpora / "stopwords").is_dir():
            lists = {p.name: p.read_bytes() for p in (corpora / "stopwords").iterdir()}
        elif (corpora / "stopwords.zip").is_file():
            with zipfile.ZipFile(corpora / "stopwords.zip") as archive:
                names = [n for n in archive.namelist() if not n.endswith("/")]
                lists = {Path(n).name: archive.read(n) for n in names}
    except (OSError, zipfile.BadZipFile):
        return None
    return lists if lists.keys() >= LANGUAGES.keys() else None


def folders_of(nltk_data: str) -> list[Path]:
    """The folders that a value of NLTK_DATA names, in their order."""
    return [Path(part) for part in nltk_data.split(os.pathsep) if part]


def download_stopwords() -> WordLists | None:
    """What NLTK's own downloader fetches in DOWNLOAD_TIMEOUT_SECONDS, or None if it cannot.

    Raises OSError if there is no room for its files or its process.
    """
    # In a process, which can be ended: a silent network holds the downloader up for minutes.
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "nltk.downloader", "-q", "-d", scratch, "stopwords"]
        try:
            subprocess.run(
                command, capture_output=True, timeout=DOWNLOAD_TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        return read_stopwords(Path(scratch))


def stand_in_stopwords() -> WordLists:
    """Lists of another origin, good enough to import revscoring and to try things.

    Raises CorporaUnavailable if the package stopwordsiso is not installed.
    """
    try:
        from stopwordsiso import stopwords
    except ImportError as error:
        raise CorporaUnavailable(
            "NLTK's stop words are neither in NLTK_DATA nor downloadable, and the package "
            "stopwordsiso, which a stand-in is made of, is not installed."
        ) from error
    return {
        language: "".join(f"{word}\n" for word in sorted(stopwords(code))).encode()
        for language, code in LANGUAGES.items()
    }


def prepare(
    destination: Path,
    progress: Callable[[str], None],
    nltk_data: Sequence[Path] = (),
    download: Callable[[], WordLists | None] = download_stopwords,
) -> CorporaReport:
    """Fill `destination`, an NLTK data folder, from the best source there is.

    The folders `nltk_data` are preferred to everything else; a stand-in stays until they have the
    lists or until it is removed. `progress` is told of each step in a line. Raises
    CorporaUnavailable, and OSError if the folder cannot be written.
    """
    destination.mkdir(parents=True, exist_ok=True)
    with _locked(destination):
        held = read_stopwords(destination)
        offered = _first_real(nltk_data)
        if offered is not None and offered != held:
            progress(f"copying the stop words of NLTK_DATA to {destination}")
            return _install(destination, offered, "present")
        if offered is not None or held is not None:
            return CorporaReport(destination, recorded_source(destination) or "present")

        progress(f"downloading NLTK's stop words (at most {DOWNLOAD_TIMEOUT_SECONDS:.0f} s)")
        downloaded = download()
        if downloaded is not None:
            return _install(destination, downloaded, "downloaded")
        progress("they cannot be downloaded here, building a stand-in")
        return _install(destination, stand_in_stopwords(), "stand-in")


def _first_real(folders: Sequence[Path]) -> WordLists | None:
    for folder in folders:
        if recorded_source(folder) != "stand-in":
            lists = read_stopwords(folder)
            if lists is not None:
                return lists
    return None


def _install(destination: Path, lists: WordLists, source: Source) -> CorporaReport:
    final = destination / "corpora" / "stopwords"
    final.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination, prefix=".new-") as scratch:
        staged = Path(scratch) / "stopwords"
        staged.mkdir()
        for language, words in lists.items():
            (staged / language).write_bytes(words)
        marker = Path(scratch) / MARKER
        marker.write_text(json.dumps({"source": source}) + "\n")

        # In this order, a crash at any point leaves no lists under another source's marker.
        final.with_suffix(".zip").unlink(missing_ok=True)
        shutil.rmtree(final, ignore_errors=True)
        marker.replace(destination / MARKER)
        staged.rename(final)
    return CorporaReport(destination, source)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def main(arguments: Sequence[str] | None = None) -> int:
    """`liftwing-serving corpora [--to DIR]`; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="liftwing-serving corpora",
        description="Prepare the NLTK corpora that revscoring reads.",
    )
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("build/nltk_data"),
        metavar="DIR",
        help="default: %(default)s",
    )
    destination: Path = parser.parse_args(arguments).to
    said: list[str] = []

    def progress(line: str) -> None:
        said.append(line)
        print(f"corpora: {line}", flush=True)

    try:
        report = prepare(
            destination,
            progress,
            folders_of(load_settings(CorporaSettings).nltk_data),
        )
    except (CorporaUnavailable, OSError) as error:
        print(f"corpora: {error}", file=sys.stderr)
        return 1
    if report.source == "stand-in":
        print(STAND_IN_WARNING.format(path=report.path), file=sys.stderr)
        # Every run repeats the fact; the remedy only follows a stand-in that was just made.
        if said:
            print(STAND_IN_REMEDY.format(path=report.path), file=sys.stderr)
    return 0
