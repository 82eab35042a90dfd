"""Where matches may begin: never is a word left out with which one does."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.revscoring.extraction.starts import IOTA, NotUnderstood, WordStarts


def starts(body: str) -> WordStarts:
    return WordStarts(re.compile(rf"(\b)({body})(\b)", re.I))


@pytest.mark.parametrize(
    ("body", "yes", "no"),
    [
        ("cat", ["cat", "CAT", "cAt"], ["ca", "cats", "c", ""]),
        (r"cat\w*", ["cat", "cats"], ["ca"]),
        # A character that is none of a word's may follow the first run.
        ("dot[-_ ]?head", ["dot", "dothead", "dot_head"], ["do", "dothe", "head"]),
        ("test +edit", ["test"], ["tes", "edit", "testedit"]),
        ("(a-)*b", ["a", "b"], ["ab"]),
        ("ain'?t", ["ain", "aint"], ["ai"]),
        ("(this|last) (year|month)", ["this", "last"], ["year", "thisyear"]),
        (r"a(b.)+?c", ["ab", "abxc", "abxbyc", "abxb"], ["a", "ac"]),
        ("x{2,3}-y", ["xx", "xxx"], ["x", "xxxx"]),
    ],
)
def test_a_word_may_begin_a_match_if_a_match_has_it_first(
    body: str, yes: list[str], no: list[str]
) -> None:
    found = starts(body)
    assert [word for word in yes if not found.with_run(word)] == []
    assert [word for word in no if found.with_run(word)] == []


def test_the_beginning_of_a_word_may_begin_a_match_if_more_of_the_word_does() -> None:
    found = starts(r"(12|34)th\w+|漢字")
    for part in ("1", "12", "12t", "12thx", "漢", "漢字"):
        assert found.with_part(part)
    for part in ("2", "13", "字"):
        assert not found.with_part(part)


@pytest.mark.parametrize(
    "body",
    [
        "-a",
        "a?",
        "a|",
        r"\W+a",
        r".a",
        "(?=a)a",
        r"(a)\3",
        r"\ba",
        "^a",
        "(?i:a)",
        "(?>a)",
        "a++",
        "",
    ],
)
def test_what_is_not_understood_is_left_to_the_library(body: str) -> None:
    with pytest.raises(NotUnderstood):
        starts(body)


@pytest.mark.parametrize(
    "pattern",
    ["a", r"()(a)()", r"(^|\W)(a)(\b)", r"(\b)(a)(\B)", r"(\b)(a)", r"(\b)(a)(\b)(a)"],
)
def test_other_than_word_boundaries_are_left_to_the_library(pattern: str) -> None:
    with pytest.raises(NotUnderstood):
        WordStarts(re.compile(pattern, re.I))


@pytest.mark.parametrize("flags", [re.S, re.M, re.X, re.A])
def test_other_flags_are_left_to_the_library(flags: re.RegexFlag) -> None:
    with pytest.raises(NotUnderstood):
        WordStarts(re.compile(r"(\b)(a)(\b)", flags))


def test_expressions_that_may_match_a_line_end_are_known() -> None:
    assert not starts("a b").crosses_lines
    assert not starts("a.b").crosses_lines
    assert starts(r"a\sb").crosses_lines
    assert starts(r"a(x|[^y])b").crosses_lines


def test_iota_is_the_only_letter_that_equals_a_mark_of_no_word() -> None:
    letters = re.compile(r"\w")
    for code in range(sys.maxunicode + 1):
        mark = chr(code)
        if letters.match(mark) or mark == IOTA:
            continue
        for other in {*mark.lower(), *mark.upper()} - {mark}:
            assert not letters.match(other) or not re.fullmatch(re.escape(other), mark, re.I)
    # Alone it is no run of a word's characters; between them it ends one.
    found = starts("aιb")
    assert found.with_run("a") and re.match(r"(\b)(aιb)(\b)", f"a{IOTA}b", re.I)


BODIES = st.recursive(
    st.sampled_from(["a", "b", "-", " ", r"\w", r"\d", "[ab]", "[^a]", "[a-c]", "'", "."]),
    lambda inner: st.tuples(inner, inner).map("".join)
    | st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})")
    | st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,2}", "*?", "+?"])).map(
        lambda both: f"(?:{both[0]}){both[1]}"
    ),
    max_leaves=6,
)


@given(BODIES, st.text("abc-' 1_", max_size=12))
def test_no_match_begins_where_none_may(body: str, text: str) -> None:
    expression = re.compile(rf"(\b)(a{body})(\b)", re.I)
    found = WordStarts(expression)
    for run in re.finditer(r"\w+", text):
        if expression.match(text, run.start()):
            assert found.with_run(run.group())
            assert all(found.with_part(run.group()[:length]) for length in range(len(run.group())))
    runs = {run.start() for run in re.finditer(r"\w+", text)}
    assert {match.start() for match in expression.finditer(text)} <= runs
