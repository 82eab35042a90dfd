"""Small WordNets and made-up SentiWordNets, as folders of corpora."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

# Offset into the database by part of speech, as SentiWordNet numbers synsets.
Synset = tuple[str, int]

PARTS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}


def write_wordnet(folder: Path, words: Iterable[str]) -> list[Synset]:
    """A WordNet of nouns, each with one sense of its own, in NLTK's layout; their synsets."""
    target = folder / "corpora/wordnet"
    target.mkdir(parents=True)
    for part in PARTS.values():
        for name in (f"data.{part}", f"index.{part}", f"{part}.exc"):
            (target / name).write_text("")
    (target / "lexnames").write_text("00\tnoun.Tops\t1\n")
    (target / "index.sense").write_text("")
    (target / "cntlist.rev").write_text("")
    data, index, synsets = "  1 A test's words.\n", "", []
    for word in words:
        synsets.append(("n", len(data)))
        index += f"{word} n 1 0 1 0 {len(data):08}\n"
        data += f"{len(data):08} 00 n 01 {word} 0 000 | a word\n"
    (target / "data.noun").write_text(data)
    (target / "index.noun").write_text(index)
    return synsets


def synsets_of(wordnet: Path) -> list[Synset]:
    """All synsets of a WordNet's files."""
    return [
        (line.split()[2], int(line.split()[0]))
        for part in PARTS.values()
        for line in (wordnet / f"data.{part}").read_text().splitlines()
        if not line.startswith(" ")
    ]


def write_sentiwordnet(folder: Path, synsets: Iterable[Synset]) -> None:
    """Made-up scores of the synsets; no two neighbours have the same, and some have none."""
    target = folder / "corpora/sentiwordnet"
    target.mkdir(parents=True)
    lines = ["# Made up."]
    for number, (part, offset) in enumerate(synsets):
        if number % 7:
            scores = f"{number % 5 / 8}\t{number % 3 / 8}"
            lines.append(f"{'a' if part == 's' else part}\t{offset:08}\t{scores}\tword#1\tgloss")
    (target / "SentiWordNet_3.0.0.txt").write_text("\n".join(lines) + "\n")
