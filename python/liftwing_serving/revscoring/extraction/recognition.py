"""Which of the library's dependents follow from one text, and as which expression.

A dependent is recognised by the library's own code that it would run and by what that is given, and
so on down to the text; never by its name alone. Whatever is not recognised is the library's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from deltas.segmenters import ParagraphsSentencesAndWhitespace
from mwparserfromhell.nodes import ExternalLink, Heading, Tag, Template, Wikilink
from nltk.stem.api import StemmerI
from revscoring.datasources import revision_oriented
from revscoring.datasources.meta import extractors, filters, frequencies, mappers
from revscoring.dependencies import Dependent
from revscoring.dependencies.dependent import not_implemented
from revscoring.features.meta import aggregators
from revscoring.features.wikitext.datasources import parsed, tokenized
from revscoring.features.wikitext.features import chars
from revscoring.languages.features.dictionary import datasources as dictionaries
from revscoring.languages.features.stopwords.stopwords import WordIsInStopwordSet

from liftwing_serving.revscoring.extraction import expressions
from liftwing_serving.revscoring.extraction.expressions import Value
from liftwing_serving.revscoring.extraction.markup import OPENED_BY
from liftwing_serving.revscoring.extraction.memory import Memory
from liftwing_serving.revscoring.extraction.registry import Registry
from liftwing_serving.revscoring.extraction.segments import is_understood
from liftwing_serving.revscoring.extraction.tokens import type_of

REVISION = revision_oriented.revision.text
PARENT = revision_oriented.revision.parent.text

# How the library names a node.
NAMED_BY = {
    parsed._extract_external_link_url: ExternalLink,
    parsed._extract_tag_name: Tag,
    parsed._extract_template_name: Template,
    parsed._extract_wikilink_title: Wikilink,
}
AGGREGATES = {
    len: expressions.Length,
    sum: expressions.Total,
    max: expressions.Largest,
}
# Bags whose items are not those of the library's lists.
WITHOUT_ITEMS = expressions.Nodes, expressions.Levels, expressions.Segments


class OfText(NamedTuple):
    """An expression of one of the two texts, REVISION or PARENT."""

    text: Dependent
    value: Value


class Reader:
    """Recognises the dependents of one model."""

    def __init__(self, made: Registry, definitions: Mapping[Dependent, Dependent]) -> None:
        self._make = made.made
        self._made = made
        self._definitions = definitions
        self._known: dict[int, OfText | None] = {}

    def dependencies(self, dependent: Dependent) -> list[Dependent]:
        """What a dependent depends on: of several that have one name the one that is solved."""
        return [self._definitions.get(it, it) for it in dependent.dependencies]

    def feature(self, dependent: Dependent) -> OfText | None:
        """A feature that is a number of one text, but for its type."""
        if _code(dependent) is chars._process_longest_repeated_char:
            text = self._text(dependent)
            return text and OfText(text, self._make(expressions.LongestRepeat))
        if _code(dependent) is not aggregators.AggregatorsScalar.process:
            return None
        owner = dependent.process.__self__
        if owner.func not in AGGREGATES or owner.returns not in (int, float):
            return None
        if owner.func is len:
            for text, length in (
                (self._text(dependent), expressions.Characters),
                (self._content(dependent), expressions.ContentLength),
            ):
                if text is not None:
                    return OfText(text, self._make(length))
        source = self._source(dependent)
        if source is None or isinstance(source.value, expressions.Segments):
            return None
        if owner.func is not len and not isinstance(source.value, expressions.Sizes):
            return None
        return OfText(source.text, self._make(AGGREGATES[owner.func], source.value))

    def table(self, dependent: Dependent) -> OfText | None:
        """A frequency table of what occurs in one text."""
        if _code(dependent) is not frequencies.table.process:
            return None
        source = self._source(dependent)
        if source is None or isinstance(source.value, WITHOUT_ITEMS):
            return None
        return OfText(source.text, self._make(expressions.Table, source.value))

    def bag(self, dependent: Dependent) -> OfText | None:
        """A list of what occurs in one text, as a bag."""
        if id(dependent) not in self._known:
            self._known[id(dependent)] = self._bag(dependent)
        return self._known[id(dependent)]

    def _bag(self, dependent: Dependent) -> OfText | None:
        code = _code(dependent)
        if code is tokenized._process_tokens:
            text = self._text(dependent)
            return text and OfText(text, self._made.tokens)
        if code is extractors.regex.process:
            return self._matches(dependent)
        if code is parsed.get_key.process:
            return self._nodes(dependent)
        if code is ParagraphsSentencesAndWhitespace.segment:
            return self._segments(dependent)
        if code in (dictionaries._process_dict_words, dictionaries._process_non_dict_words):
            return self._words(dependent, code is dictionaries._process_dict_words)
        source = self._source(dependent)
        if source is None:
            return None
        if code is filters.filter.process:
            owner = dependent.process.__self__
            value = self._chosen(source.value, owner.include, owner.inverse)
        elif code is mappers.map.process:
            value = self._mapped(source.value, dependent.process.__self__.apply)
        else:
            return None
        return None if value is None else OfText(source.text, value)

    def _source(self, dependent: Dependent) -> OfText | None:
        """The bag of the only dependency, if that is one."""
        dependencies = self.dependencies(dependent)
        return self.bag(dependencies[0]) if len(dependencies) == 1 else None

    def _text(self, dependent: Dependent) -> Dependent | None:
        """The text that is the only dependency, if it is one."""
        dependencies = self.dependencies(dependent)
        if len(dependencies) != 1 or dependencies[0].process is not not_implemented:
            return None
        return next((text for text in (REVISION, PARENT) if text == dependencies[0]), None)

    def _matches(self, dependent: Dependent) -> OfText | None:
        text, matcher = self._text(dependent), self._made.matcher(dependent.process.__self__)
        if text is None or matcher is None:
            return None
        return OfText(text, self._make(expressions.Found, self._made.tokens, matcher))

    def _segments(self, dependent: Dependent) -> OfText | None:
        source = self._source(dependent)
        if source is None or source.value is not self._made.tokens:
            return None
        if not is_understood(dependent.process.__self__):
            return None
        return OfText(source.text, self._make(expressions.Segments))

    def _nodes(self, dependent: Dependent) -> OfText | None:
        kind = dependent.process.__self__.key
        for code in (parsed._process_node_class_map, parsed._process_wikicode):
            dependencies = self.dependencies(dependent)
            if len(dependencies) != 1 or _code(dependencies[0]) is not code:
                return None
            dependent = dependencies[0]
        text = self._text(dependent)
        if text is None or kind not in OPENED_BY:
            return None
        if kind is Heading:
            return OfText(text, self._make(expressions.Levels))
        return OfText(text, self._make(expressions.Nodes, kind))

    def _content(self, dependent: Dependent) -> Dependent | None:
        """The text whose content is the only dependency, if it is that of one."""
        dependencies = self.dependencies(dependent)
        if len(dependencies) != 1 or _code(dependencies[0]) is not parsed.execute_method.process:
            return None
        owner = dependencies[0].process.__self__
        if owner.method_name != "strip_code" or owner.args or owner.kwargs:
            return None
        (wikicode,) = self.dependencies(dependencies[0])
        return self._text(wikicode) if _code(wikicode) is parsed._process_wikicode else None

    def _words(self, dependent: Dependent, known: bool) -> OfText | None:
        dependencies = self.dependencies(dependent)
        if len(dependencies) != 1:
            return None
        (splitter,) = dependencies
        if _code(splitter) is not dictionaries.dict_splitter.process:
            return None
        source = self._source(splitter)
        if source is None:
            return None
        check = self._made.dictionary(splitter.process.__self__)
        return OfText(source.text, self._answered(source.value, check, frozenset({known})))

    def _chosen(self, source: Value, choose: Any, inverse: bool) -> Value | None:
        owner = getattr(choose, "__self__", None)
        if isinstance(source, expressions.Levels):
            if isinstance(owner, parsed.HeadingOfLevel) and not inverse:
                return self._make(expressions.Chosen, source, owner.level.__eq__, False)
            return None
        if isinstance(source, (expressions.Nodes, expressions.Segments)):
            return None
        if isinstance(owner, tokenized.TokenIsInTypes):
            if inverse or source is not self._made.tokens:
                return None
            return self._answered(source, type_of, frozenset(owner.types))
        if choose is tokenized.is_uppercase_word:
            remembered = self._make(Memory[bool], choose)
            return self._answered(source, remembered, frozenset({not inverse}))
        if not isinstance(choose, WordIsInStopwordSet):
            if not isinstance(owner, re.Pattern) or choose != owner.match:
                return None
        return self._make(expressions.Chosen, source, choose, bool(inverse))

    def _answered(self, source: Value, function: Memory[Any], answers: frozenset[Any]) -> Value:
        asked = self._make(expressions.Asked, source, function)
        return self._make(expressions.Answered, source, asked, answers)

    def _mapped(self, source: Value, function: Any) -> Value | None:
        if isinstance(source, (expressions.Nodes, expressions.Levels)):
            return self._named(source, function)
        if isinstance(source, expressions.Segments):
            return self._make(expressions.Paragraphs) if function is str else None
        if function is len:
            return self._make(expressions.Sizes, source)
        owner = getattr(function, "__self__", None)
        if function is str:
            return self._make(expressions.Mapped, source, str)
        if isinstance(owner, mappers.lower_case) and function == owner.lower:
            return self._make(expressions.Mapped, source, lower)
        if isinstance(owner, StemmerI) and function == owner.stem:
            return self._make(expressions.Mapped, source, self._make(Memory[str], function))
        return None

    def _named(self, source: Value, function: Any) -> Value | None:
        if isinstance(source, expressions.Levels):
            if function is not parsed._extract_heading_title:
                return None
            return self._make(expressions.Mapped, self._make(expressions.Names, Heading), str.strip)
        kind = NAMED_BY.get(function)
        if kind is None or source is not self._make(expressions.Nodes, kind):
            return None
        return self._make(expressions.Names, kind)


def lower(word: str) -> str:
    """A word in lower case as `mappers.lower_case` writes it."""
    return word.replace("İ", "i").lower()


def _code(dependent: Dependent) -> object:
    """The function that the solver would call, without the object that it is bound to."""
    process = dependent.process
    return getattr(process, "__func__", process)
