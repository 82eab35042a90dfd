"""What is remembered of words: the same answers, in bounded room."""

from __future__ import annotations

import weakref

import pytest
from liftwing_serving.revscoring.extraction import memory
from liftwing_serving.revscoring.extraction.memory import Memory


@pytest.fixture
def asked() -> list[str]:
    """The words that the function was asked for."""
    return []


@pytest.fixture
def remembered(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> Memory[bool]:
    """A dictionary that lacks one word, of which 100 are remembered at most."""

    def check(word: str) -> bool:
        asked.append(word)
        return word != "wrod"

    monkeypatch.setattr(memory, "REMEMBERED_WORDS", 100)
    return Memory(check)


@pytest.mark.parametrize("at_once", [False, True])
def test_words_are_remembered_with_the_same_answers(
    at_once: bool, remembered: Memory[bool], asked: list[str]
) -> None:
    words = ["word", "wrod", "Word", "word", "wrod"]
    answers = remembered.of_each(words) if at_once else list(map(remembered, words))
    assert answers == [True, False, True, True, False]
    assert asked == ["word", "wrod", "Word"]


def test_fault_17_words_of_any_length_are_not_kept(
    remembered: Memory[bool], asked: list[str]
) -> None:
    assert remembered.of_each(["x" * 200_000] * 3) == [True] * 3
    assert len(asked) == 3


def test_of_a_word_nothing_is_kept_but_its_text() -> None:
    class Token(str):
        pass

    token, remembered = Token("sand"), Memory(len)
    assert remembered(token) == remembered("sand") == 4
    gone = weakref.ref(token)
    del token
    assert gone() is None


def test_fault_17_any_number_of_words_is_not_kept(
    remembered: Memory[bool], asked: list[str]
) -> None:
    words = [str(number) for number in range(101)]
    remembered.of_each(words)
    asked.clear()
    remembered.of_each([words[-1], words[0]])
    assert asked == [words[0]]


def test_a_word_that_is_asked_for_again_and_again_is_remembered(
    remembered: Memory[bool], asked: list[str]
) -> None:
    for number in range(1000):
        remembered(str(number))
        remembered("often")
    assert asked.count("often") == 1
