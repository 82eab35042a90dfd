"""What made-up texts in a language consist of: words of its own dictionary, and of its lists.

Needs the revscoring library; for processes of tests that import it anyhow.
"""

from __future__ import annotations

import importlib
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from support.environment import environment
from support.feature_lists import dictionaries_of
from support.patterns import matched_strings

HUNSPELL = Path("/usr/share/hunspell")
# A word as revscoring's tokens have it, of letters only.
WORD = re.compile(r"[^\W\d_]{3,12}")
LINES_READ = 40_000
# Wikis whose language has neither a module nor a dictionary.
LETTERS = {"hy": "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցփք"}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`known` are words, of the dictionary if the language has one; `unknown` are not in it.

    `matched` has strings by the list that they match, such as `badwords`.
    """

    language: str
    known: list[str]
    unknown: list[str]
    stopwords: list[str]
    matched: dict[str, list[str]]


def vocabulary_of(language: str, seed: int) -> Vocabulary:
    """Of a module of revscoring.languages, or of a key of LETTERS; the same for the same seed."""
    dice = random.Random(f"{language} {seed}")
    if language in LETTERS:
        words = _invented(LETTERS[language], dice)
        return Vocabulary(language, words[:200], words[200:230], [], {})
    module = importlib.import_module(f"revscoring.languages.{language}")
    matched = {
        name: _matched(getattr(module, name), dice)
        for name in ("badwords", "informals", "words_to_watch")
        if hasattr(module, name)
    }
    stopwords = _stopwords(module)
    dictionary = getattr(module, "dictionary", None)
    if dictionary is None:
        used = {*"".join([*matched["badwords"], *matched["informals"], *stopwords])}
        words = _invented("".join(sorted(filter(str.isalpha, used))), dice)
        return Vocabulary(language, stopwords + words[:200], words[200:230], stopwords, matched)
    check = dictionary.revision.datasources.dictionary_check
    listed = sorted({word for tag in dictionaries_of(language) for word in words_of(tag)})
    known = [word for word in dice.sample(listed, min(len(listed), 2000)) if check(word)][:200]
    letters = "".join(sorted({*"".join(known).lower()}))
    unknown = [word for word in _invented(letters, dice) if not check(word)][:30]
    return Vocabulary(language, known, unknown, stopwords, matched)


def words_of(tag: str) -> set[str]:
    """Words of an installed dictionary of aspell's or hunspell's, of all that the tag may mean."""
    files = [*HUNSPELL.glob(f"{tag}.dic"), *HUNSPELL.glob(f"{tag}_*.dic")]
    if files:
        lines: Iterator[str] = chain.from_iterable(
            _lines(file) for file in {file.resolve() for file in files}
        )
    else:
        dump = subprocess.run(
            ["aspell", "-l", tag, "--encoding=utf-8", "dump", "master"],
            env=environment({"LC_ALL": "C.UTF-8"}),
            capture_output=True,
            check=True,
        )
        lines = _some(dump.stdout.decode().splitlines())
    return {line for line in lines if WORD.fullmatch(line)}


def _lines(dictionary: Path) -> Iterator[str]:
    """The words of a hunspell dictionary without their flags, in the encoding that it names."""
    head = dictionary.with_suffix(".aff").read_bytes()
    encoding = re.search(rb"^(?:\xef\xbb\xbf)?SET\s+(\S+)", head, re.M)
    name = encoding[1].decode() if encoding else "latin-1"
    text = dictionary.read_bytes().decode(name.replace("microsoft-", ""), "replace").splitlines()
    for line in _some(text[1:]):
        yield re.split(r"[/\s]", line, maxsplit=1)[0]


def _some(lines: list[str]) -> Iterator[str]:
    """At most about LINES_READ of the lines, from all over."""
    return iter(lines[:: 1 + len(lines) // LINES_READ])


def _matched(matches: Any, dice: random.Random) -> list[str]:
    datasources = matches.revision.datasources
    finds = datasources.matches.process
    return matched_strings(list(matches._match_list), finds, dice, wanted=24)


def _stopwords(module: Any) -> list[str]:
    """The words that a module's Stopwords was made of."""
    stopwords = getattr(module, "stopwords", None)
    if stopwords is None:
        return []
    is_stopword = stopwords.revision.datasources.stopwords.include
    return sorted(word for word in is_stopword.stopword_set if WORD.fullmatch(word))


def _invented(letters: str, dice: random.Random) -> list[str]:
    return sorted({"".join(dice.choices(letters, k=dice.randint(4, 8))) for _ in range(240)})
