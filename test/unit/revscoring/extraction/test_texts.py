"""Of a text everything is worked out once, and a bounded number of texts is kept."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from liftwing_serving.revscoring.extraction import texts, tokens
from liftwing_serving.revscoring.extraction.expressions import Length, Table, Tokens, Value
from liftwing_serving.revscoring.extraction.texts import KeptTexts, Text

WORDS = " ".join(f"word{number}" for number in range(300))


class Counted(Value):
    """How often it was worked out."""

    def __init__(self, lasting: bool) -> None:
        self.lasting = lasting
        self.times = 0

    def of(self, text: Text) -> Any:
        self.times += 1
        return self.times


@pytest.fixture
def splits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The blocks that were split into tokens."""
    splits: list[str] = []

    def counting(block: str) -> list[str]:
        splits.append(block)
        return tokens.split(block)

    monkeypatch.setattr(texts, "split", counting)
    return splits


def test_a_value_is_worked_out_once_and_kept_only_if_it_is_worth_it() -> None:
    text, lasting, passing = Text("a b"), Counted(True), Counted(False)
    assert [text.value(lasting), text.value(lasting), text.value(passing)] == [1, 1, 1]
    text.settle()
    assert [text.value(lasting), text.value(passing)] == [1, 2]


def test_blocks_that_two_texts_share_are_split_once(splits: list[str]) -> None:
    parent = Text("one\n\ntwo\n\nthree")
    revision = Text("one\n\ntwo more\n\nthree", like=parent)
    assert list(revision.tokens()) == ["one", "\n\n", "two", " ", "more", "\n\n", "three"]
    assert list(parent.tokens()) == ["one", "\n\n", "two", "\n\n", "three"]
    assert sorted(splits) == sorted(["one\n\n", "two\n\n", "three", "two more\n\n"])


def test_a_text_that_is_kept_knows_nothing_of_its_parent() -> None:
    parent = Text("one\n\ntwo")
    revision = Text("one\n\nthree", like=parent)
    revision.settle()
    assert list(revision.tokens()) == ["one", "\n\n", "three"]
    assert parent not in vars(revision).values()


def test_of_the_texts_the_newest_are_kept() -> None:
    size = Text(f"0 {WORDS}").settle()
    kept = KeptTexts(3 * size + size // 2)
    for number in range(5):
        kept.keep(Text(f"{number} {WORDS}"))
    assert len(kept) == 3
    assert kept.get(f"1 {WORDS}") is None
    assert kept.get(f"2 {WORDS}") is not None
    # It was asked for last.
    kept.keep(Text(f"5 {WORDS}"))
    assert kept.get(f"2 {WORDS}") is not None and kept.get(f"3 {WORDS}") is None


def test_a_text_kept_again_counts_once() -> None:
    kept = KeptTexts(10 * Text(WORDS).settle())
    for _ in range(50):
        kept.keep(Text(WORDS))
    kept.keep(Text("other"))
    assert len(kept) == 2


def test_nothing_is_kept_where_there_is_no_room() -> None:
    kept = KeptTexts(0)
    kept.keep(Text(WORDS))
    assert len(kept) == 0 and kept.get(WORDS) is None


def test_what_a_text_is_said_to_take_is_about_what_it_takes() -> None:
    table = Table(Tokens())
    length = Length(table)

    def kept(number: int) -> tuple[Text, int]:
        text = Text("\n\n".join(f"{WORDS} {WORDS} {number}" for _ in range(20)))
        text.value(length)
        return text, text.settle()

    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        texts_kept = [kept(number) for number in range(10)]
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    said = sum(size for _, size in texts_kept)
    assert 0.6 * taken < said < 1.6 * taken
