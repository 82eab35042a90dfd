"""What is worked out of a text, and how much of it is kept for the next edit of the same page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from functools import cached_property
from itertools import chain
from typing import Any, Protocol

from liftwing_serving.revscoring.extraction.markup import Markup
from liftwing_serving.revscoring.extraction.tokens import blocks_of, split

# What an entry of a table costs beside its word, and a token or a value of its own.
ENTRY_BYTES = 110
POINTER_BYTES = 8


class Expression(Protocol):
    """Something that follows from a text alone. `lasting` is what is worth keeping."""

    lasting: bool

    def of(self, text: Text) -> Any:
        """Its value for this text."""


class Text:
    """A text and what was worked out of it so far.

    Blocks that it shares with `like` were split before.
    """

    def __init__(self, text: str, like: Text | None = None) -> None:
        self.text = text
        self._values: dict[Expression, Any] = {}
        self._found: dict[Hashable, dict[str, list[str]]] = {}
        self._like = like
        self._markup: Markup | None = None

    def value(self, expression: Expression) -> Any:
        """An expression's value, worked out once."""
        try:
            return self._values[expression]
        except KeyError:
            value = self._values[expression] = expression.of(self)
            return value

    @cached_property
    def blocks(self) -> list[str]:
        """The parts that have the same tokens alone as within it."""
        return blocks_of(self.text)

    @cached_property
    def _tokens(self) -> dict[str, list[str]]:
        known = self._like._tokens if self._like else {}
        return {block: known[block] if block in known else split(block) for block in self.blocks}

    @property
    def markup(self) -> Markup:
        """The text's nodes. Raises NotRead."""
        if self._markup is None:
            self._markup = Markup(self.text)
        return self._markup

    def tokens(self) -> chain[str]:
        """The tokens of the whole text in their order."""
        return chain.from_iterable(map(self._tokens.__getitem__, self.blocks))

    def tokens_of(self, block: str) -> list[str]:
        """The tokens of one of its blocks."""
        return self._tokens[block]

    def found_by(self, searcher: Hashable) -> dict[str, list[str]]:
        """By block what something found there, of this text and what it has in common with `like`.

        Whoever finds adds to it.
        """
        if searcher not in self._found:
            known = self._like._found.get(searcher, {}) if self._like else {}
            self._found[searcher] = {block: known[block] for block in self.blocks if block in known}
        return self._found[searcher]

    def settle(self) -> int:
        """Keep what the next edit's extraction will read; returns about how many bytes that is."""
        # What is kept reads nothing of the parent any more, and keeps nothing of it.
        self._markup = None
        self._values = {
            expression: value for expression, value in self._values.items() if expression.lasting
        }
        was_split = "_tokens" in vars(self)
        self._like = None
        if not was_split:
            return 2 * self.text.__sizeof__()
        # Of the strings of equal tokens only one is kept.
        same = {token: token for token in self.tokens()}
        number = 0
        for block, tokens in self._tokens.items():
            self._tokens[block] = list(map(same.__getitem__, tokens))
            number += len(tokens)
        tables = [value for value in self._values.values() if isinstance(value, dict)]
        entries = len(same) + sum(map(len, [*tables, *self._found.values()]))
        # The blocks are the text once more, in strings of as many bytes for a character.
        return 2 * self.text.__sizeof__() + number * POINTER_BYTES + entries * ENTRY_BYTES


class KeptTexts:
    """The last texts, up to so many bytes: an edit's parent is the revision of the edit before."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, tuple[Text, int]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, text: str) -> Text | None:
        """What is kept of a text; it then counts as the newest."""
        if text not in self._kept:
            return None
        self._kept.move_to_end(text)
        return self._kept[text][0]

    def keep(self, text: Text) -> None:
        """Keep a text as the newest, at the expense of the oldest ones."""
        size = text.settle()
        self._bytes += size - self._kept.pop(text.text, (text, 0))[1]
        self._kept[text.text] = text, size
        while self._bytes > self._limit:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= oldest
