"""HTML written by hand: what comes from a wiki is always escaped, here. Pure functions."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

# Valid in JSON, and nowhere in a document.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# What sets the direction of all that follows, until something ends it.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: str) -> Markup:
    """Any text as it looks, in an element or in an attribute."""
    return Markup(html.escape(_CONTROL.sub("\ufffd", value), quote=True))


def foreign(value: str) -> Markup:
    """Text of people, whose direction of writing stays within it."""
    return Markup(f"<bdi>{text(_DIRECTIONS.sub('', value))}</bdi>")


def joined(pieces: Iterable[Markup]) -> Markup:
    """Pieces one after another."""
    return Markup("".join(pieces))
