"""Which lines of two texts differ, and which words of them, with bounded work. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

# Of either text, between what both begin and end with; more are shown as replaced as a whole.
MAX_LINES = 1000
# Of a line, likewise, for its words to be compared; and of so many pairs of lines.
MAX_WORDS = 200
MAX_PAIRS = 50
MAX_SHOWN_LINES = 400
MAX_SHOWN_CHARACTERS = 4000
CONTEXT_LINES = 1

# Spaces of their own would be what texts have most in common.
_WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a line; `changed` says that the other text does not have it there."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line to show: `sign` is "+", "-" or " "; numbers are those in the old and the new text."""

    sign: str
    old: int | None
    new: int | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The lines to show, of which `left_out` more there are, and how many differ in all."""

    lines: tuple[Line, ...]
    added: int
    removed: int
    left_out: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines old[a:b] are replaced by new[c:d]."""

    a: int
    b: int
    c: int
    d: int


def compare(old: str, new: str) -> Comparison:
    """What the new text has in place of the old one's lines."""
    before, after = old.split("\n"), new.split("\n")
    shown: list[Line] = []
    added = removed = left_out = 0
    for block in _blocks(before, after):
        added += block.d - block.c
        removed += block.b - block.a
        for line in _shown(block, before, after):
            if len(shown) < MAX_SHOWN_LINES:
                shown.append(line)
            else:
                left_out += 1
    return Comparison(tuple(shown), added, removed, left_out)


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[_Block]:
    """Where the texts differ."""
    head, tail = _common(before, after)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if not old and not new:
        return
    if max(len(old), len(new)) > MAX_LINES:
        yield _Block(head, head + len(old), head, head + len(new))
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            yield _Block(head + a, head + b, head + c, head + d)


def _common(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How much both begin with and end with, which needs no search."""
    most = min(len(old), len(new))
    head = tail = 0
    while head < most and old[head] == new[head]:
        head += 1
    while tail < most - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return head, tail


def _shown(block: _Block, before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """A block's lines with those around it, removed and added ones in pairs as far as they go."""
    for back in range(min(CONTEXT_LINES, block.a, block.c), 0, -1):
        yield _same(block.a - back, block.c - back, before)
    pairs = zip_longest(range(block.a, block.b), range(block.c, block.d))
    alike = block.b - block.a == block.d - block.c <= MAX_PAIRS
    for a, c in pairs:
        old = None if a is None else before[a]
        new = None if c is None else after[c]
        parts = _words(old, new) if alike and old is not None and new is not None else None
        if a is not None and old is not None:
            yield Line("-", a + 1, None, parts[0] if parts else (Part(_cut(old)),))
        if c is not None and new is not None:
            yield Line("+", None, c + 1, parts[1] if parts else (Part(_cut(new)),))
    for on in range(min(CONTEXT_LINES, len(before) - block.b, len(after) - block.d)):
        yield _same(block.b + on, block.d + on, before)


def _same(a: int, c: int, before: Sequence[str]) -> Line:
    return Line(" ", a + 1, c + 1, (Part(_cut(before[a])),))


def _words(old: str, new: str) -> tuple[tuple[Part, ...], tuple[Part, ...]] | None:
    """Both lines with what differs marked; None if they are too long, or have too little in common
    for marks to help."""
    if max(len(old), len(new)) > MAX_SHOWN_CHARACTERS:
        return None
    olds, news = _WORDS.findall(old), _WORDS.findall(new)
    head, tail = _common(olds, news)
    old_middle, new_middle = olds[head : len(olds) - tail], news[head : len(news) - tail]
    if max(len(old_middle), len(new_middle)) > MAX_WORDS:
        return None
    matcher = SequenceMatcher(None, old_middle, new_middle)
    alike = head + tail + sum(block.size for block in matcher.get_matching_blocks())
    if alike * 3 < max(len(olds), len(news)):
        return None
    first, last = Part("".join(olds[:head])), Part("".join(olds[len(olds) - tail :]))
    removed, added = [first], [first]
    for tag, a, b, c, d in matcher.get_opcodes():
        removed.append(Part("".join(old_middle[a:b]), tag != "equal"))
        added.append(Part("".join(new_middle[c:d]), tag != "equal"))
    return _without_empty([*removed, last]), _without_empty([*added, last])


def _without_empty(parts: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.text)


def _cut(line: str) -> str:
    if len(line) <= MAX_SHOWN_CHARACTERS:
        return line
    return line[:MAX_SHOWN_CHARACTERS] + "…"
