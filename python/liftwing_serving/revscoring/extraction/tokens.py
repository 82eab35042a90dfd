"""deltas' tokens of a wikitext, as plain strings and in a fraction of the time.

`revscoring` splits texts with `deltas.wikitext_split`, one Python object for each of 20,000 tokens.
Here the same expression runs without named groups, so that one call finds all strings in C; a token
needs no type of its own, since its text alone decides which alternative of the lexicon matches it.
"""

from __future__ import annotations

import re

from deltas.tokenizers.wikitext_split import (
    LEXICON,
    PLAIN_PROTO,
    SLASHED_PROTO,
    combined_word,
    wikitext_split,
)

from liftwing_serving.revscoring.extraction.memory import Memory

# The library's own group within the alternative for tags.
_GROUPED, _UNGROUPED = "([a-z][a-z0-9]*)", "(?:[a-z][a-z0-9]*)"

# What follows the first letter in the library's alternative for words.
_REST = rf"[\w{combined_word}]*(?:['’](?:[\w{combined_word}]+|(?=(?:$|\s))))*"
_SCHEMES = sorted({scheme[0] for scheme in (*PLAIN_PROTO, *SLASHED_PROTO)})
_OTHERS = sorted(set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") - set(_SCHEMES))

# Tried before the lexicon, in whose order a word and a space come after much that cannot match
# there. Of what may come before a word only a URL starts with a letter, that of its scheme.
_FIRST = [
    rf"[{''.join(_OTHERS)}]{_REST}",
    r"[^\S\n\r]+",
    rf"[{''.join(_SCHEMES)}](?![a-z]{{1,9}}:){_REST}",
]
_SPLIT = re.compile(
    "|".join([*_FIRST, *(f"(?:{it.replace(_GROUPED, _UNGROUPED)})" for _, it in LEXICON)])
)


def split(text: str) -> list[str]:
    """The texts of the tokens that `wikitext_split` finds; they make up the whole text."""
    tokens: list[str] = _SPLIT.findall(text)
    return tokens


def _type_of(token: str) -> str:
    match = wikitext_split.regex.match(token)
    assert match is not None
    return str(match.lastgroup)


# Tags are tokens, too, and longer than words.
LONGEST_TOKEN = 300

# The type that `wikitext_split` gives a token.
type_of = Memory(_type_of, longest=LONGEST_TOKEN)


def blocks_of(text: str) -> list[str]:
    """The text in parts that have the same tokens alone as within it.

    Parts are separated where an empty line follows one that ends with a mark and precedes one that
    starts with a mark: both line ends are one token. Only what starts with `<` reaches over a line
    end, up to the first `>`, so that no part ends between the two.
    """
    blocks = []
    held = ""
    is_open = False
    pieces = text.split("\n\n")
    last = len(pieces) - 1
    for number, piece in enumerate(pieces):
        opened, closed = piece.rfind("<"), piece.rfind(">")
        if opened != closed:
            is_open = opened > closed
        if number == last:
            blocks.append(held + piece)
        elif is_open or not _ends(piece) or not _starts(pieces[number + 1]):
            held += f"{piece}\n\n"
        else:
            blocks.append(f"{held}{piece}\n\n")
            held = ""
    return blocks


def _ends(piece: str) -> bool:
    return bool(piece) and not piece[-1].isspace()


def _starts(piece: str) -> bool:
    return bool(piece) and not piece[0].isspace()
