"""A folder of NLTK's corpora, and the marker in it that says where each of them came from."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

from liftwing_serving.revscoring.corpora.catalogue import CORPORA, Corpus, Files
from liftwing_serving.revscoring.families import FAMILIES, UNIVERSAL

Source = Literal["present", "downloaded", "stand-in"]

MARKER = "corpora.json"


def folders_of(nltk_data: str) -> list[Path]:
    """The folders that a value of NLTK_DATA names, in their order."""
    return [Path(part) for part in nltk_data.split(os.pathsep) if part]


def read_corpus(folder: Path, corpus: Corpus) -> Files | None:
    """A corpus of an NLTK data folder, unpacked or zipped; None unless it is whole.

    What `prepare` put there counts only with its entry in the marker.
    """
    if (folder / MARKER).exists() and recorded_source(folder, corpus) is None:
        return None
    unpacked = _unpacked(folder, corpus.name)
    zipped = unpacked.with_suffix(".zip")
    files: dict[str, bytes] = {}
    try:
        if unpacked.is_dir():
            files = {path.name: path.read_bytes() for path in unpacked.iterdir()}
        elif zipped.is_file():
            with zipfile.ZipFile(zipped) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                files = {Path(name).name: archive.read(name) for name in names}
    except (OSError, zipfile.BadZipFile):
        return None
    return files if files.keys() >= corpus.required else None


def recorded_source(folder: Path, corpus: Corpus) -> Source | None:
    """What the folder's marker says of a corpus; None where `prepare` never put it."""
    entry = _marker_of(folder).get(corpus.name)
    source = entry.get("source") if isinstance(entry, dict) else None
    return cast(Source, source) if source in get_args(Source) else None


def stand_ins_of(folders: Sequence[Path], names: Iterable[str]) -> list[tuple[Corpus, Path]]:
    """Which of the named corpora are stand-ins where NLTK finds them first, and in which folder."""
    wanted = set(names)
    found = [
        (corpus, folder)
        for corpus in CORPORA
        if corpus.name in wanted
        for folder in _first_with(folders, corpus.name)
    ]
    return [(corpus, at) for corpus, at in found if recorded_source(at, corpus) == "stand-in"]


def install(folder: Path, corpus: Corpus, files: Files, source: Source) -> None:
    """Put a corpus into the folder in place of the one that is there. Raises OSError."""
    final = _unpacked(folder, corpus.name)
    final.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as scratch:
        staged = Path(scratch) / corpus.name
        staged.mkdir()
        for name, content in files.items():
            (staged / name).write_bytes(content)
        marker = Path(scratch) / MARKER
        entries = _marker_of(folder) | {corpus.name: {"source": source, "images": _readers(corpus)}}
        marker.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")

        # In this order, a crash at any point leaves no files under another source's marker.
        final.with_suffix(".zip").unlink(missing_ok=True)
        shutil.rmtree(final, ignore_errors=True)
        marker.replace(folder / MARKER)
        staged.rename(final)


def _readers(corpus: Corpus) -> list[str]:
    """The images whose models read it; the label of an image depends on no other corpora."""
    return [it.folder for it in FAMILIES if corpus.name in it.corpora] + [UNIVERSAL]


def _marker_of(folder: Path) -> dict[str, Any]:
    try:
        document = json.loads((folder / MARKER).read_text())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _unpacked(folder: Path, name: str) -> Path:
    return folder / "corpora" / name


def _first_with(folders: Sequence[Path], name: str) -> list[Path]:
    """The folder where NLTK finds a corpus, if any: anywhere unpacked before anywhere zipped."""
    for suffix in ("", ".zip"):
        for folder in folders:
            if _unpacked(folder, name + suffix).exists():
                return [folder]
    return []
