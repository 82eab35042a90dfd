"""What features read of a text, each an expression that is worked out once for each text.

Lists whose order no feature reads are bags: how often each item occurs, in the order in which the
items first occur, which is also the library's frequency table of the list. Of 18,000 tokens of an
article 2,000 are different, and each is asked about once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy
from revscoring.languages.features.dictionary.datasources import dict_splitter

from liftwing_serving.revscoring.extraction.matches import Matcher
from liftwing_serving.revscoring.extraction.memory import Memory
from liftwing_serving.revscoring.extraction.segments import paragraphs
from liftwing_serving.revscoring.extraction.texts import Text
from liftwing_serving.revscoring.extraction.tokens import type_of

Bag = dict[Any, int]


class Value:
    """Base of all expressions, which are compared by identity."""

    lasting = False

    def of(self, text: Text) -> Any:
        """Its value for this text."""
        raise NotImplementedError


class Characters(Value):
    """How many characters the text has."""

    def of(self, text: Text) -> int:
        """Code points."""
        return len(text.text)


class Tokens(Value):
    """All tokens."""

    def of(self, text: Text) -> Bag:
        """By the token's text."""
        return dict(Counter(text.tokens()))


class Asked(Value):
    """What a remembering function says of each item of a bag."""

    def __init__(self, source: Value, function: Memory[Any]) -> None:
        self._source = source
        self._function = function

    def of(self, text: Text) -> list[Any]:
        """In the order of the items."""
        return self._function.of_each(text.value(self._source))


class Answered(Value):
    """The items of a bag of which a function says one of some things."""

    def __init__(self, source: Value, asked: Asked, answers: frozenset[Any]) -> None:
        self._source = source
        self._asked = asked
        self._answers = answers

    def of(self, text: Text) -> Bag:
        """By item."""
        items, said = text.value(self._source).items(), text.value(self._asked)
        answers = self._answers
        return {item: number for (item, number), answer in zip(items, said) if answer in answers}


class Chosen(Value):
    """The items of a bag that a function chooses."""

    def __init__(self, source: Value, choose: Callable[[Any], object], inverse: bool) -> None:
        self._source = source
        self._choose = choose
        self._inverse = inverse

    def of(self, text: Text) -> Bag:
        """By item."""
        bag, choose, inverse = text.value(self._source), self._choose, self._inverse
        return {it: number for it, number in bag.items() if bool(choose(it)) is not inverse}


class Mapped(Value):
    """What a function makes of the items of a bag."""

    def __init__(self, source: Value, function: Callable[[Any], Any]) -> None:
        self._source = source
        self._function = function

    def of(self, text: Text) -> Bag:
        """By what the function makes."""
        function = self._function
        made: Bag = {}
        for item, number in text.value(self._source).items():
            image = function(item)
            made[image] = made.get(image, 0) + number
        return made


class Sizes(Mapped):
    """The lengths of the items of a bag."""

    def __init__(self, source: Value) -> None:
        super().__init__(source, len)


class Found(Value):
    """What an expression for insults and the like finds."""

    lasting = True

    def __init__(self, tokens: Tokens, matcher: Matcher) -> None:
        self._tokens = tokens
        self._matcher = matcher

    def of(self, text: Text) -> Bag:
        """By what was found."""
        matcher = self._matcher
        candidates = matcher.candidates(text.value(self._tokens))
        if matcher.crosses_lines:
            return dict(Counter(matcher.matches(text.text, text.tokens(), candidates)))
        found = text.found_by(self)
        for block in text.blocks:
            if block not in found:
                tokens = text.tokens_of(block)
                searched = not candidates.isdisjoint(tokens)
                found[block] = matcher.matches(block, tokens, candidates) if searched else []
        return dict(Counter(it for block in text.blocks for it in found[block]))


class Segments(Value):
    """The paragraphs and the white space between them, of which nothing but the texts is known."""


class Paragraphs(Value):
    """The texts of these segments."""

    def of(self, text: Text) -> Bag:
        """By text. Raises UnicodeEncodeError, as the library does, if it cannot be encoded."""
        text.text.encode()
        tokens = list(text.tokens())
        return dict(Counter(paragraphs(tokens, type_of.of_each(tokens))))


class ContentLength(Value):
    """How many characters of the text are seen, without markup."""

    lasting = True

    def of(self, text: Text) -> int:
        """Code points."""
        return len(text.markup.content())


class Nodes(Value):
    """The nodes of a kind: all of one bag's item."""

    lasting = True

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def of(self, text: Text) -> Bag:
        """By kind."""
        return {self._kind: text.markup.number(self._kind)}


class Names(Value):
    """The names of the nodes of a kind: titles of links, names of templates and of tags."""

    lasting = True

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def of(self, text: Text) -> Bag:
        """By name."""
        return text.markup.names(self._kind)


class Levels(Value):
    """The levels of headings."""

    lasting = True

    def of(self, text: Text) -> Bag:
        """By level."""
        return text.markup.levels()


class Table(Value):
    """A bag that edits are compared by."""

    lasting = True

    def __init__(self, source: Value) -> None:
        self._source = source

    def of(self, text: Text) -> Bag:
        """The frequency table of the list that the bag stands for."""
        bag: Bag = text.value(self._source)
        return bag


class Length(Value):
    """How many items a list has."""

    lasting = True

    def __init__(self, source: Value) -> None:
        self._source = source

    def of(self, text: Text) -> int:
        """Of each item as often as it occurs."""
        return sum(text.value(self._source).values())


class Total(Value):
    """The sum of a list of integers."""

    lasting = True

    def __init__(self, source: Value) -> None:
        self._source = source

    def of(self, text: Text) -> int:
        """Of each item as often as it occurs."""
        return sum(item * number for item, number in text.value(self._source).items())


class Largest(Value):
    """The largest of a list of integers; None if it is empty."""

    lasting = True

    def __init__(self, source: Value) -> None:
        self._source = source

    def of(self, text: Text) -> int | None:
        """Of the different items."""
        return max(text.value(self._source), default=None)


class LongestRepeat(Value):
    """The length of the longest run of one character, in lower case."""

    lasting = True

    def of(self, text: Text) -> int:
        """1 for no text, as the library has it."""
        lower = text.text.lower()
        characters = numpy.frombuffer(lower.encode("utf-32-le", "surrogatepass"), numpy.uint32)
        if not characters.size:
            return 1
        changes = numpy.flatnonzero(characters[1:] != characters[:-1])
        borders = numpy.concatenate(([-1], changes, [characters.size - 1]))
        return int(numpy.diff(borders).max())


def dictionary(splitter: dict_splitter) -> Memory[bool]:
    """A dictionary that remembers words."""
    return Memory(lambda word: bool(splitter.dictionary_check(word)))
