"""The tokens are those of deltas, of the whole text and of its blocks."""

from __future__ import annotations

import pytest
from deltas import wikitext_split
from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.revscoring.extraction.tokens import blocks_of, split, type_of

# What the lexicon's alternatives begin and end with, and neighbours that could mislead one of them.
PIECES = """
a b http:// https:// // mailto: x 1 ٣ ँ < > <ref </ref / /> <br name= ' '' ''' ’ {| |} {{ }} [[ ]]
[ ] ( ) . .. ? ! , : ; <!-- --> । &amp; & = == | 漢 字 ア 、 𠀀 😀 é Ä _ \u0301 $ # İ Σ ς worldwind: tel:
ﾊ א ۖ ۱
""".split() + [
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    " ",
    "\t",
    "\0",
    "\u2028",
    "\x0b",
    "\x1c",
    "\x85",
    "\xa0",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60)


@given(TEXTS)
def test_tokens_and_their_types_are_those_of_the_library(text: str) -> None:
    theirs = wikitext_split.tokenize(text)
    ours = split(text)
    assert ours == [str(token) for token in theirs]
    assert type_of.of_each(ours) == [token.type for token in theirs]
    assert {type(token) for token in ours} <= {str}


@given(TEXTS)
def test_blocks_have_the_tokens_of_the_text(text: str) -> None:
    blocks = blocks_of(text)
    assert "".join(blocks) == text
    assert [token for block in blocks for token in split(block)] == split(text)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", [""]),
        ("a\n\nb\n\nc", ["a\n\n", "b\n\n", "c"]),
        # An empty line with more white space around it is a token that has that in it.
        ("a\n\n\nb", ["a\n\n\nb"]),
        ("a \n\nb", ["a \n\nb"]),
        ("a\n\n b", ["a\n\n b"]),
        ("a\n\n", ["a\n\n"]),
        # A tag has everything up to its end in it.
        ("<ref\n\nb>c\n\nd", ["<ref\n\nb>c\n\n", "d"]),
        ("< a\n\nb\n\n> c\n\nd", ["< a\n\nb\n\n> c\n\n", "d"]),
        ("<b>a\n\nc", ["<b>a\n\n", "c"]),
    ],
)
def test_blocks_end_at_empty_lines_outside_of_tags(text: str, blocks: list[str]) -> None:
    assert blocks_of(text) == blocks
