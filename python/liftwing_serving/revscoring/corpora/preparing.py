"""Prepares a folder of corpora: from NLTK_DATA, NLTK's downloader, or as stand-ins.

https://www.nltk.org/data.html
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from liftwing_serving.revscoring.corpora.catalogue import CORPORA, Corpus, Files
from liftwing_serving.revscoring.corpora.folder import (
    Source,
    install,
    read_corpus,
    recorded_source,
)

DOWNLOAD_TIMEOUT_SECONDS = 20.0

Download = Callable[[Sequence[Corpus]], Mapping[str, Files]]


def download_corpora(wanted: Sequence[Corpus]) -> dict[str, Files]:
    """What NLTK's own downloader fetches in DOWNLOAD_TIMEOUT_SECONDS, by name.

    Raises OSError if there is no room for its files or its process.
    """
    # In a process, which can be ended: a silent network holds the downloader up for minutes.
    with tempfile.TemporaryDirectory() as scratch:
        names = [corpus.name for corpus in wanted]
        command = [sys.executable, "-m", "nltk.downloader", "-q", "-d", scratch, *names]
        try:
            subprocess.run(
                command, capture_output=True, timeout=DOWNLOAD_TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            pass
        fetched = {corpus.name: read_corpus(Path(scratch), corpus) for corpus in wanted}
        return {name: files for name, files in fetched.items() if files is not None}


def prepare(
    destination: Path,
    progress: Callable[[str], None],
    nltk_data: Sequence[Path] = (),
    download: Download = download_corpora,
) -> dict[str, Source]:
    """Fill `destination`, an NLTK data folder, from the best source there is; says which.

    The folders `nltk_data` are preferred to everything else; a stand-in stays until they have the
    corpus or until it is removed. `progress` is told of each step in a line. Raises
    CorporaUnavailable, and OSError if the folder cannot be written.
    """
    destination.mkdir(parents=True, exist_ok=True)
    with _locked(destination):
        missing = [it for it in CORPORA if not _taken(destination, it, nltk_data, progress)]
        if missing:
            names = ", ".join(corpus.name for corpus in missing)
            progress(f"downloading NLTK's {names} (at most {DOWNLOAD_TIMEOUT_SECONDS:.0f} s)")
            fetched = download(missing)
            for corpus in missing:
                if corpus.name in fetched:
                    install(destination, corpus, fetched[corpus.name], "downloaded")
                else:
                    progress(f"{corpus.name} cannot be downloaded here, building a stand-in")
                    install(destination, corpus, corpus.stand_in(), "stand-in")
        return {it.name: recorded_source(destination, it) or "present" for it in CORPORA}


def _taken(
    destination: Path,
    corpus: Corpus,
    nltk_data: Sequence[Path],
    progress: Callable[[str], None],
) -> bool:
    """Whether the destination has the corpus, of NLTK_DATA if that has a real one."""
    held = read_corpus(destination, corpus)
    offered = _first_real(nltk_data, corpus)
    if offered is not None and offered != held:
        progress(f"copying {corpus.name} of NLTK_DATA to {destination}")
        install(destination, corpus, offered, "present")
        return True
    return held is not None


def _first_real(folders: Sequence[Path], corpus: Corpus) -> Files | None:
    for folder in folders:
        if recorded_source(folder, corpus) != "stand-in":
            files = read_corpus(folder, corpus)
            if files is not None:
                return files
    return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
