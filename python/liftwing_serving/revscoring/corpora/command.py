"""`liftwing-serving corpora`: prepares corpora and says loudly what only stands in for them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from liftwing_serving.revscoring.corpora.catalogue import CORPORA, CorporaUnavailable
from liftwing_serving.revscoring.corpora.folder import folders_of
from liftwing_serving.revscoring.corpora.preparing import prepare
from liftwing_serving.revscoring.settings import CorporaSettings
from liftwing_serving.settings import load_settings

STAND_IN_WARNING = "WARNING: {path} holds a stand-in for {name}: {effect}."
STAND_IN_REMEDY = (
    "WARNING: for the real ones run `python -m nltk.downloader -d DIR {names}` where the\n"
    "WARNING: network allows it and set NLTK_DATA=DIR; to download again here, remove {path}."
)


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
        nltk_data = folders_of(load_settings(CorporaSettings).nltk_data)
        sources = prepare(destination, progress, nltk_data)
    except (CorporaUnavailable, OSError) as error:
        print(f"corpora: {error}", file=sys.stderr)
        return 1
    stand_ins = [corpus for corpus in CORPORA if sources[corpus.name] == "stand-in"]
    for corpus in stand_ins:
        told = STAND_IN_WARNING.format(path=destination, name=corpus.name, effect=corpus.effect)
        print(told, file=sys.stderr)
    # Every run repeats the fact; the remedy only follows a stand-in that was just made.
    if stand_ins and said:
        names = " ".join(corpus.name for corpus in stand_ins)
        print(STAND_IN_REMEDY.format(path=destination, names=names), file=sys.stderr)
    return 0
