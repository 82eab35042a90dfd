"""Expressions of equal meaning are one, also of several models.

A dictionary and an expression for insults are thus asked once about each word.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from revscoring.datasources.meta import extractors
from revscoring.languages.features.dictionary.datasources import dict_splitter

from liftwing_serving.revscoring.extraction import expressions
from liftwing_serving.revscoring.extraction.matches import Matcher, matcher_of
from liftwing_serving.revscoring.extraction.memory import Memory

T = TypeVar("T")


class Registry:
    """Makes expressions, and what they ask, once."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}
        self._tokens = expressions.Tokens()

    def made(self, make: Callable[..., T], *arguments: Any) -> T:
        """What `make` makes of the arguments, made once."""
        key = make, *arguments
        if key not in self._made:
            self._made[key] = make(*arguments)
        made: T = self._made[key]
        return made

    @property
    def tokens(self) -> expressions.Tokens:
        """All tokens of a text."""
        return self._tokens

    def matcher(self, extractor: extractors.regex) -> Matcher | None:
        """The matcher of an extractor, the same for equal ones; None if there is none."""
        key = Matcher, extractor.group_re, getattr(extractor, "exclude_re", None)
        if key not in self._made:
            self._made[key] = matcher_of(extractor)
        found: Matcher | None = self._made[key]
        return found

    def dictionary(self, splitter: dict_splitter) -> Memory[bool]:
        """The dictionary of a splitter, the same for all that have the same check."""
        key = Memory, splitter.dictionary_check
        if key not in self._made:
            self._made[key] = expressions.dictionary(splitter)
        found: Memory[bool] = self._made[key]
        return found
