"""Which revisions the users of a load ask for."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

# Of what a tool asks for, this share is among the newest that others look at, too.
RECENT_SHARE = 0.5
RECENT = 50


def read(text: str) -> list[int]:
    """Revision ids from `FIRST-LAST`, or from a file with one on each line.

    Raises ValueError, OSError.
    """
    first, dash, last = text.partition("-")
    if dash and first.isdigit() and last.isdigit():
        return list(range(int(first), int(last) + 1))
    rev_ids = [int(line) for line in Path(text).read_text().split()]
    if not rev_ids:
        raise ValueError(f"{text} holds no revision")
    return rev_ids


def each_once(rev_ids: Sequence[int]) -> Iterator[int]:
    """In their order, as an event stream has them; from the start again after the last."""
    return itertools.cycle(rev_ids)


def as_tools_ask(rev_ids: Sequence[int], dice: random.Random) -> int:
    """One of the newest half of the time, so that some are asked for again and again."""
    recent = dice.random() < RECENT_SHARE
    return dice.choice(rev_ids[-RECENT:] if recent else rev_ids)
