"""What features read of a wikitext's structure, without mwparserfromhell's tree of nodes.

Its tokenizer, in C, takes a fifth of the time of a parse; the rest builds a Python object or two
for each token. Each node of the tree has one opening token, so that numbers of nodes are numbers of
tokens, and a node's name is what stands between the opening token and the next of its own.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from mwparserfromhell import nodes
from mwparserfromhell.parser import CTokenizer, tokens
from mwparserfromhell.parser.builder import Builder

from liftwing_serving.revscoring.extraction.content import content

Bag = dict[Any, int]

# What opens each kind of node, and what ends its name.
OPENED_BY = {
    nodes.ExternalLink: tokens.ExternalLinkOpen,
    nodes.Heading: tokens.HeadingStart,
    nodes.Tag: tokens.TagOpenOpen,
    nodes.Template: tokens.TemplateOpen,
    nodes.Wikilink: tokens.WikilinkOpen,
}
NAME_ENDS = {
    nodes.ExternalLink: (tokens.ExternalLinkSeparator, tokens.ExternalLinkClose),
    nodes.Heading: (tokens.HeadingEnd,),
    nodes.Tag: (tokens.TagAttrStart, tokens.TagCloseOpen, tokens.TagCloseSelfclose),
    nodes.Template: (tokens.TemplateParamSeparator, tokens.TemplateClose),
    nodes.Wikilink: (tokens.WikilinkSeparator, tokens.WikilinkClose),
}
OPENING = {
    *OPENED_BY.values(),
    tokens.ArgumentOpen,
    tokens.CommentStart,
    tokens.HTMLEntityStart,
}
LOOKED_FOR = frozenset((*OPENED_BY.values(), tokens.TagAttrEquals))
CLOSING = {
    tokens.ArgumentClose,
    tokens.CommentEnd,
    tokens.ExternalLinkClose,
    tokens.HTMLEntityEnd,
    tokens.HeadingEnd,
    tokens.TagCloseClose,
    tokens.TagCloseSelfclose,
    tokens.TemplateClose,
    tokens.WikilinkClose,
}


class NotRead(Exception):
    """The markup is of a form that is left to the library."""


class Markup:
    """The nodes of a text. Raises NotRead."""

    def __init__(self, text: str) -> None:
        self._tokens: list[Any] = CTokenizer().tokenize(text, 0, False)
        self._types = list(map(type, self._tokens))
        self._places: dict[type, list[int]] = {of: [] for of in LOOKED_FOR}
        for place, of in enumerate(self._types):
            if of in LOOKED_FOR:
                self._places[of].append(place)
        self._check_attributes()

    def number(self, kind: type) -> int:
        """How many nodes of a kind there are."""
        return len(self._places[OPENED_BY[kind]])

    def levels(self) -> Bag:
        """How often each level of a heading occurs."""
        return dict(Counter(self._tokens[at].level for at in self._places[tokens.HeadingStart]))

    def names(self, kind: type) -> Bag:
        """How often each name of a kind occurs. Raises NotRead."""
        ends = NAME_ENDS[kind]
        found = self._tokens
        types = self._types
        names = [
            (
                found[at + 1].text
                if types[at + 1] is tokens.Text and types[at + 2] in ends
                else self._composed(at + 1, ends)
            )
            for at in self._places[OPENED_BY[kind]]
        ]
        return dict(Counter(names))

    def content(self) -> str:
        """The text that is seen. Raises LookupError, ValueError."""
        return content(self._tokens)

    def _composed(self, start: int, ends: tuple[type, ...]) -> str:
        """The text of what stands from a token to the first of `ends` outside of other nodes."""
        depth = 0
        for at in range(start, len(self._types)):
            of = self._types[at]
            if depth == 0 and of in ends:
                return str(Builder().build(self._tokens[start:at]))
            depth += (of in OPENING) - (of in CLOSING)
        raise NotRead("a node without an end")

    def _check_attributes(self) -> None:
        """The library refuses to build an attribute whose value has spaces but no quotes."""
        types = self._types
        for at in self._places[tokens.TagAttrEquals]:
            following = types[at + 1]
            if following is tokens.TagAttrQuote or following in NAME_ENDS[nodes.Tag]:
                continue
            if following is not tokens.Text or types[at + 2] not in NAME_ENDS[nodes.Tag]:
                raise NotRead("a value made of several parts")
            if any(map(str.isspace, self._tokens[at + 1].text)):
                raise NotRead("a value with spaces")
