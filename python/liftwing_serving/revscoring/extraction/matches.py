"""What the library's expressions for insults and the like find in a text, in the same order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import compress

from revscoring.datasources.meta import extractors

from liftwing_serving.revscoring.extraction.memory import Memory
from liftwing_serving.revscoring.extraction.starts import NotUnderstood, WordStarts
from liftwing_serving.revscoring.extraction.tokens import LONGEST_TOKEN, type_of

_RUN = re.compile(r"\w+")
# Types of tokens that a word character may follow; others end where a run of such characters ends.
_CONTINUED = frozenset(("number", "cjk"))


class Matcher:
    """The matches of one of the library's extractors, looked for only where one may begin.

    Raises NotUnderstood if it is not known where that is.
    """

    def __init__(self, extractor: extractors.regex) -> None:
        self._extractor = extractor
        self._expression: re.Pattern[str] = extractor.group_re
        self._starts = WordStarts(self._expression)
        self._runs = Memory(self._starts.with_run)
        self._candidates = Memory(self._may_hold_start, longest=LONGEST_TOKEN)
        self.crosses_lines = self._starts.crosses_lines

    def candidates(self, tokens: Iterable[str]) -> frozenset[str]:
        """The tokens of a text within which a match may begin."""
        tokens = list(tokens)
        return frozenset(compress(tokens, self._candidates.of_each(tokens)))

    def matches(self, text: str, tokens: Iterable[str], candidates: frozenset[str]) -> list[str]:
        """What the extractor finds in a text, given its tokens in their order."""
        found = []
        end = 0
        for start in _starts(tokens, candidates):
            # As `finditer` goes on: at the end of the match before.
            if start >= end and (match := self._expression.match(text, start)):
                found.append(match.group(2))
                end = match.end()
        return [it for it in found if not self._excluded(it)]

    def _excluded(self, found: str) -> bool:
        exclusions = getattr(self._extractor, "exclude_re", None)
        return exclusions is not None and exclusions.match(found) is not None

    def _may_hold_start(self, token: str) -> bool:
        continued = type_of(token) in _CONTINUED
        return any(
            (
                self._starts.with_part(run.group())
                if continued and run.end() == len(token)
                else self._runs(run.group())
            )
            for run in _RUN.finditer(token)
        )


def _starts(tokens: Iterable[str], candidates: frozenset[str]) -> Iterator[int]:
    """Where within the text the runs of word characters in candidates start."""
    offset = 0
    for token in tokens:
        if token in candidates:
            for run in _RUN.finditer(token):
                yield offset + run.start()
        offset += len(token)


def matcher_of(extractor: extractors.regex) -> Matcher | None:
    """A Matcher, or None if the library has to look for itself."""
    try:
        return Matcher(extractor)
    except NotUnderstood:
        return None
