"""What expressions for insults find is what the library finds, in the same order."""

from __future__ import annotations

import random
import re
import warnings
from functools import cache
from typing import Any

import pytest
from liftwing_serving.revscoring.extraction.matches import Matcher, matcher_of
from liftwing_serving.revscoring.extraction.tokens import split
from revscoring.datasources.meta import extractors

# Of each kind of expression: long, with exclusions, with line ends, in other scripts.
LANGUAGES = [
    "english",
    "german",
    "french",
    "russian",
    "ukrainian",
    "korean",
    "hebrew",
    "vietnamese",
]
BETWEEN = ["", "", " ", "-", "\n", "'", "_", ".", "<", "١", "1", "漢", "\u0301", "\u0345", "x"]


@cache
def extractors_of(language: str) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip(f"revscoring.languages.{language}")
    names = ("badwords", "informals", "words_to_watch")
    lists = [getattr(module, name) for name in names if hasattr(module, name)]
    return [it.revision.datasources.matches.process.__self__ for it in lists]


def matches(matcher: Matcher, text: str) -> list[str]:
    tokens = split(text)
    return matcher.matches(text, tokens, matcher.candidates(tokens))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_languages_matches_are_those_of_the_library(language: str) -> None:
    dice = random.Random(language)
    understood = 0
    for extractor in extractors_of(language):
        matcher = matcher_of(extractor)
        if matcher is None:
            continue
        understood += 1
        pieces = re.split(r"[|()\[\]*+?\\{}^$]+", extractor.group_re.pattern)
        number = 0
        for _ in range(150):
            text = "".join(
                dice.choice(pieces) + dice.choice(BETWEEN) for _ in range(dice.randint(1, 25))
            )
            text = getattr(text, dice.choice(["__str__", "upper", "title", "swapcase"]))()
            found = matches(matcher, text)
            assert found == extractor.process(text), text
            number += len(found)
        assert number > 20
    assert understood


def test_matches_do_not_overlap_and_exclusions_are_left_out() -> None:
    extractor = extractors.regex(["a-b", "b", "c+"], exclusions=["cc"])
    matcher = Matcher(extractor)
    text = "a-b b a b-b cc ccc C"
    assert matches(matcher, text) == extractor.process(text)
    assert matches(matcher, text) == ["a-b", "b", "b", "b", "ccc", "C"]


def test_only_where_a_match_may_begin_is_one_looked_for() -> None:
    matcher = Matcher(extractors.regex(["cat", "dog-house"]))
    tokens = split("The cat sat on a dog in <ref cat>a house</ref>, 12cats.")
    assert matcher.candidates(tokens) == {"cat", "dog", "<ref cat>"}
