"""Paragraphs are those of deltas."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from deltas import wikitext_split
from deltas.segmenters import ParagraphsSentencesAndWhitespace
from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.revscoring.extraction.segments import is_understood, paragraphs
from liftwing_serving.revscoring.extraction.tokens import split, type_of
from support.extractions import EDGES

PIECES = [
    "a",
    "b",
    " ",
    "\n",
    "\n\n",
    ".",
    "!",
    "{|",
    "|}",
    "[[",
    "]]",
    "(",
    ")",
    "<ref>",
    "</ref>",
]
TEXTS = st.lists(st.sampled_from([*PIECES, "{{", "}}", "<!--", "-->", "c d e"]), max_size=40)


def by_library(text: str) -> list[str]:
    segments = ParagraphsSentencesAndWhitespace().segment(wikitext_split.tokenize(text))
    return [str(segment) for segment in segments]


@given(TEXTS)
def test_paragraphs_are_the_librarys(pieces: Iterable[str]) -> None:
    text = "".join(pieces)
    tokens = split(text)
    assert list(paragraphs(tokens, type_of.of_each(tokens))) == by_library(text)


@pytest.mark.parametrize("edge", [it for it in EDGES if it != "lone surrogates"])
def test_paragraphs_of_odd_texts_are_the_librarys(edge: str) -> None:
    tokens = split(EDGES[edge])
    assert list(paragraphs(tokens, type_of.of_each(tokens))) == by_library(EDGES[edge])


def test_a_table_goes_on_over_empty_lines_unless_it_begins_within_a_sentence() -> None:
    # No token is of the type that would end it: a bar is one by itself.
    texts = {
        "{| a\n\nb |}\n\nc": 1,
        "a b c {| d\n\ne |}": 3,
        "a b. {| c\n\nd": 1,
        "a. {| b\n\nc": 3,
    }
    for text, number in texts.items():
        tokens = split(text)
        found = list(paragraphs(tokens, type_of.of_each(tokens)))
        assert found == by_library(text)
        assert len(found) == number


def test_segmenters_with_other_parameters_are_left_to_the_library() -> None:
    assert is_understood(ParagraphsSentencesAndWhitespace())
    assert not is_understood(ParagraphsSentencesAndWhitespace(min_sentence=5))
    assert not is_understood(ParagraphsSentencesAndWhitespace(sentence_end={"period"}))
    assert not is_understood(object())
