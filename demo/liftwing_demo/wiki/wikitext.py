"""Finding places in wikitext: sections, prose, words."""

import re
from dataclasses import dataclass
from random import Random

_HEADING = re.compile(r"^(={2,6})[ \t]*([^=\n][^\n]*?)[ \t]*\1[ \t]*$", re.MULTILINE)
_PROSE = re.compile(r"^(?:[A-Z]|'''|\[\[[A-Z])[^\n]{60,}$", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[a-z]{3})\. (?=[A-Z])")
_WORD = re.compile(r"(?<![\w\[|{<=/&])[a-z]{3,}(?![\w\]|}>=/;])")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what follows it up to the next heading of any level."""

    title: str
    level: int
    start: int
    end: int


def sections(text: str) -> list[Section]:
    """The sections in order; the lead is none of them."""
    headings = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in headings), len(text)][1:]
    return [
        Section(heading[2], len(heading[1]), heading.start(), end)
        for heading, end in zip(headings, ends, strict=True)
    ]


def section_at(text: str, place: int) -> str:
    """Title of the section that holds a place, or an empty string for the lead."""
    title = ""
    for heading in _HEADING.finditer(text, 0, min(place + 200, len(text))):
        if heading.start() <= place:
            title = heading[2]
    return title


def paragraph(rng: Random, text: str) -> tuple[int, int]:
    """Start and end of a random paragraph of prose; the whole text if there is none."""
    spans = [match.span() for match in _PROSE.finditer(text)]
    return rng.choice(spans) if spans else (0, len(text))


def sentence_gap(rng: Random, text: str) -> int:
    """A random place between two sentences of a paragraph, or the end of a paragraph."""
    start, end = paragraph(rng, text)
    gaps = [match.start() + 1 for match in _SENTENCE_END.finditer(text, start, end)]
    return rng.choice(gaps) if gaps else end


def words(text: str, start: int = 0, end: int | None = None) -> list[re.Match[str]]:
    """Lower-case words outside of markup."""
    return list(_WORD.finditer(text, start, len(text) if end is None else end))


def insert(text: str, place: int, piece: str) -> str:
    """The text with a piece put in at a place."""
    return text[:place] + piece + text[place:]


def replace(text: str, start: int, end: int, piece: str) -> str:
    """The text with one span replaced."""
    return text[:start] + piece + text[end:]
