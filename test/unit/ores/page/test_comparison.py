"""Which lines and words of two texts are shown as different, and that the work has bounds."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.ores.page import comparison
from liftwing_serving.ores.page.comparison import Line, compare


def shown(old: str, new: str) -> list[tuple[str, str]]:
    """Signs and texts; what is changed within a line stands in brackets."""
    return [
        (line.sign, "".join(f"[{p.text}]" if p.changed else p.text for p in line.parts))
        for line in compare(old, new).lines
    ]


def test_changed_words_are_marked_between_the_lines_around() -> None:
    old = "one\nthe quick brown fox\nlast\nfar"
    new = "one\nthe quick red fox\nlast\nfar"
    assert shown(old, new) == [
        (" ", "one"),
        ("-", "the quick [brown ]fox"),
        ("+", "the quick [red ]fox"),
        (" ", "last"),
    ]


def test_lines_have_the_numbers_of_their_texts() -> None:
    lines = compare("a\nb\nc\nd", "a\nc\nx\nd").lines
    numbers = [(line.sign, line.old, line.new) for line in lines]
    assert ("-", 2, None) in numbers and ("+", None, 3) in numbers


def test_lines_with_little_in_common_have_no_marks() -> None:
    assert shown("nothing alike here", "quite another sentence")[0] == ("-", "nothing alike here")


def test_equal_texts_have_nothing_to_show() -> None:
    result = compare("a\nb", "a\nb")
    assert (result.lines, result.added, result.removed) == ((), 0, 0)


def test_a_first_revision_is_added_and_an_emptied_page_removed() -> None:
    assert ("+", "b") in shown("", "a\nb") and ("-", "b") in shown("a\nb", "")


def test_what_is_too_much_to_show_is_counted() -> None:
    result = compare("", "\n".join(map(str, range(5000))))
    assert len(result.lines) == comparison.MAX_SHOWN_LINES
    assert result.left_out == 5001 - comparison.MAX_SHOWN_LINES and result.added == 5000


def test_a_line_without_end_is_cut() -> None:
    removed, added = compare("x" * 10**6, "y" * 10**6).lines
    for line in (removed, added):
        assert sum(len(part.text) for part in line.parts) == comparison.MAX_SHOWN_CHARACTERS + 1


def test_the_work_for_nasty_texts_is_bounded() -> None:
    rng = random.Random(5)

    def text(lines: int, words: int, vocabulary: Sequence[str]) -> str:
        return "\n".join(
            " ".join(rng.choice(vocabulary) for _ in range(words)) for _ in range(lines)
        )

    # The last is the worst for difflib: each word as often as it may be without being left out.
    vocabularies = ("ab", "abcdefghijklmnopqrstuvwxyz", [f"w{number}" for number in range(101)])
    for lines, words in ((5000, 1), (1000, 1), (999, 3), (50, 199), (1, 200_000)):
        for vocabulary in vocabularies:
            old, new = text(lines, words, vocabulary), text(lines, words, vocabulary)
            began = time.process_time()
            compare(old, new)
            assert time.process_time() - began < 2


def test_texts_of_too_many_lines_are_not_compared_line_by_line() -> None:
    old = [f"line {number}" for number in range(2 * comparison.MAX_LINES)]
    new = ["begin", *old[1:-1:2], "end"]
    assert compare("\n".join(old), "\n".join(new)).added == len(new)
    assert compare("\n".join(old[:900]), "\n".join(new[:400])).added == 1


def side(lines: tuple[Line, ...], sign: str) -> list[str]:
    return ["".join(part.text for part in line.parts) for line in lines if line.sign == sign]


words = st.lists(st.lists(st.sampled_from("abc,. "), max_size=6).map("".join), max_size=8)


@given(words, words)
def test_what_is_shown_as_removed_and_added_is_what_differs(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old).split("\n"), "\n".join(new).split("\n")
    lines = compare("\n".join(old), "\n".join(new)).lines
    for line in lines:
        text = "".join(part.text for part in line.parts)
        assert line.old is None or before[line.old - 1] == text
        assert line.new is None or after[line.new - 1] == text
    kept_before = [text for at, text in enumerate(before, 1) if not _at(lines, "-", at, "old")]
    kept_after = [text for at, text in enumerate(after, 1) if not _at(lines, "+", at, "new")]
    assert kept_before == kept_after


def _at(lines: tuple[Line, ...], sign: str, number: int, which: str) -> bool:
    return any(line.sign == sign and getattr(line, which) == number for line in lines)
