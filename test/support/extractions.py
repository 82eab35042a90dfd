"""Extractions by the library and by what replaces it, and texts that may tell them apart.

Needs the revscoring library; for tests that import it anyhow.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from liftwing_demo.wiki.articles import read_articles
from liftwing_demo.wiki.edits import GOOD, pick_change
from liftwing_demo.wiki.vandalism import BAD
from liftwing_serving.mediawiki import Documents
from liftwing_serving.revscoring.extraction import Accelerator
from liftwing_serving.revscoring.extraction.checking import differing
from liftwing_serving.revscoring.leaves import context_for, leaves_of
from revscoring.dependencies import solve
from revscoring.features import trim

# What an edit may leave behind, by what is odd about it.
EDGES = {
    "empty": "",
    "a space": " ",
    "line ends only": "\n\n\n",
    "one word": "fuck",
    "markup only": "[[]] {{}} ''''' == == {|\n|} <ref></ref> [] {{{}}} ---- * #",
    "an unclosed tag": "a <ref name='x' b\n\nc d <b>e\n\n<i f [[g]] {{h}}",
    "an unclosed comment": "a <!-- b\n\n{{c}} [[d]]\n\n<ref>e</ref> ain't lol",
    "an unclosed table": "{| class=x\n! a\n| b || {{c|d\n|-\n| [[e]]\n\nf ASS g",
    "unclosed links and templates": "[[a|b {{c|d=e [http://f.g h\n\n== i ==\nj ''k '''l",
    "astral characters": "😀😀😀 \U00020000\U00020001 𝒜𝓈𝓈 [[😀]] {{𠀀}} ASS😀 😀lol",
    "right to left": "مرحبا [[عالم]] ١٢٣ שלום ''עולם'' {{cite}} \u200fۖ\u200e كس",
    "CRLF": "a\r\n\r\nb\r\n* c\r\n== d ==\r\n{{e}}\r\rlol",
    "NUL": "a\0b \0 [[c\0d]] {{e\0}} \0\0\0",
    "lone combining marks": "\u0301 a\u0301\u0345b \u093e\u0903 ὰ\u0345ι ass\u0301 lol\u0345",
    "separators": "a\u2028b\u2029c\x85d\x1ce\x0bf\xa0g\u3000h\ufeff",
    "lone surrogates": "a \ud800 lol \udfff [[b\ud83d]]",
    "dotted and final letters": "İstanbul ΣΑΣ ΌΔΟΣ ß ŉ ǅ ﬀ ΐ ſhit Kunt İİİ",
    "one long word": "f" + "u" * 5000 + "ck " + "x" * 3000,
    "repeated lines": "\n\n".join(["poop lol [[a]] {{b}} 12 ABC"] * 60),
    "blank lines with spaces": "a \n\n b\n \nc\n\n\td\n\n\n\ne",
    "headings": "= a =\n== b ==\n=== c\n==== d ====\n====== e ======\n======= f =======\n",
    "numbers and letters": "12ass 3lol ass4 ١ass 漢字lol lol漢字 ²ass _ass ass_ 1984-85 5.5",
    "quotes": "don't dogs' ''a'' '''b''' '''''c''''' ’tis can’t ain''t won'''t",
    "attributes": '<span class={{a}}b c="d e" f=\'g\' h=i>j</span> <td a=>b <ref name = "x y" />',
    "entities": "&nbsp;&amp;&#65;&#x41;&bogus;&#1114112;&#xD800; a&nbsp;lol&lt;b",
}


def articles(longest: int) -> list[str]:
    """Full English Wikipedia articles up to a length, the shortest first."""
    return sorted((it.text for it in read_articles() if len(it.text) <= longest), key=len)


def edited(text: str, seed: str) -> str:
    """A text after an edit of some kind."""
    dice = random.Random(seed)
    kinds = BAD if dice.random() < 0.4 else GOOD
    _, change = pick_change(dice, text, kinds)
    return change.text


def edge_pairs() -> list[tuple[str | None, str]]:
    """Parents and revisions: each edge after nothing, after another, and within a text."""
    edges = list(EDGES.values())
    around = "An ''[[article]]'' of 1984.\n\n{}\n\nStupid <ref>{{{{cite web}}}}</ref> IDIOTS!!!"
    pairs: list[tuple[str | None, str]] = [(None, edge) for edge in edges]
    pairs += pairwise(edges)
    pairs += [(around.format("."), around.format(edge)) for edge in edges]
    return pairs


class Sides:
    """Both ways to a model's features. Revisions that were extracted are known as parents."""

    def __init__(self, features: Sequence[Any], kept_bytes: int = 32 << 20) -> None:
        self.features = [*features, *trim(features)]
        self._leaves = leaves_of(features)
        self._accelerator = Accelerator(kept_bytes)
        self.plan = self._accelerator.plan(self.features)

    def stock(self, documents: Documents) -> list[Any] | Exception:
        """The library's values, or the error that it raises."""
        return self._solve(documents, {})

    def ours(self, documents: Documents) -> list[Any] | Exception:
        """The accelerated values, or the error that is raised."""
        cache: dict[Any, Any] = {}
        texts = self._accelerator.texts(documents, [self.plan])
        self.plan.fill(cache, texts)
        values = self._solve(documents, cache)
        self._accelerator.keep(texts, [self.plan])
        return values

    def difference(self, documents: Documents) -> list[str]:
        """What differs between the two: features, or how the extraction fails."""
        stock, ours = self.stock(documents), self.ours(documents)
        if isinstance(stock, Exception) or isinstance(ours, Exception):
            return [] if repr(stock) == repr(ours) else [f"{stock!r} and {ours!r}"]
        return differing(self.features, ours, stock)

    def differences(self, documents: Iterable[Documents]) -> list[tuple[int, list[str]]]:
        """By the revision's number what differs."""
        found = [(number, self.difference(one)) for number, one in enumerate(documents)]
        return [(number, names) for number, names in found if names]

    def _solve(self, documents: Documents, cache: dict[Any, Any]) -> list[Any] | Exception:
        context = context_for(self._leaves, documents)
        try:
            return list(solve(self.features, context=context, cache=cache))
        except Exception as error:
            return error
