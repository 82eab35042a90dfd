"""Functions of words that remember what they answered, in bounded room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

# A remembered word costs about 100 bytes in each of a model's ten or so memories, which have its
# text in common; an article of 50 kB has some 2,000 different ones.
REMEMBERED_WORDS = 60_000
# No dictionary has longer ones, and a page of vandalism may be one word of 200 kB.
LONGEST_REMEMBERED = 60


T = TypeVar("T")


class Memory(Generic[T]):
    """A function of words, never None, that knows what it answered for the last ones.

    Longer words than the `longest` are asked about each time. The words are in plain dicts of
    strings to booleans or numbers, which the garbage collector does not visit. Of two generations
    the older one goes when the younger is full.
    """

    def __init__(self, check: Callable[[str], T], longest: int = LONGEST_REMEMBERED) -> None:
        self._check = check
        self._longest = longest
        self._younger: dict[str, T] = {}
        self._older: dict[str, T] = {}

    def __call__(self, word: str) -> T:
        """What the function says of the word, such as whether the dictionary has it."""
        known = self._younger.get(word)
        if known is not None:
            return known
        if len(word) > self._longest:
            return self._check(word)
        known = self._older.get(word)
        if known is None:
            known = self._check(word)
        if len(self._younger) >= REMEMBERED_WORDS // 2:
            self._older, self._younger = self._younger, {}
        # Of a string of another class, such as a token, only the text.
        self._younger[str(word)] = known
        return known

    def of_each(self, words: Iterable[str]) -> list[T]:
        """What the function says of each word, in less time than by as many calls."""
        known = self._younger
        return [known[word] if word in known else self(word) for word in words]
