"""`$NAME` and `${NAME}` as Blubber replaces them, written so that Docker or a shell does it.

Whatever follows a `$` and is not the name of a known variable becomes nothing: `$1`, `$@`, `$$`,
`${NAME:-default}`. A `$` before anything else, as in `$(date)`, stays.
"""

from __future__ import annotations

import re
from typing import Collection, Iterator, Tuple

_REFERENCE = re.compile(r"\$(?:\{([^}]*)\}|([A-Za-z_]\w*)|[0-9*#$@!?-])", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# A shell sets these by itself, so it would know more of them than Blubber does.
_OF_THE_SHELL = frozenset(("IFS", "OLDPWD", "OPTIND", "PPID", "PS1", "PS2", "PS4", "PWD"))


def references(text: str) -> Tuple[str, ...]:
    """Return the names of the variables that a text refers to."""
    return tuple(name for _, name in _pieces(text) if name)


def is_plain(text: str) -> bool:
    """Whether nothing in the text would be replaced."""
    return _REFERENCE.search(text) is None


def dockerfile_word(text: str) -> str:
    """Return the text as a word of ENV or ARG, in which Docker replaces the variables."""
    return (
        '"' + "".join(_escape(plain, '\\"$') + _brace(name) for plain, name in _pieces(text)) + '"'
    )


def dockerfile_literal(text: str) -> str:
    """Return the text as a word of ENV or ARG, in which Docker replaces nothing."""
    return '"' + _escape(text, '\\"$') + '"'


def shell_word(text: str, declared: Collection[str]) -> str:
    """Return the text as a word in which a shell replaces the variables and nothing else."""
    words = []
    for plain, name in _pieces(text):
        unknown = name in _OF_THE_SHELL and name not in declared
        words.append(_escape(plain, '\\"$`') + ("" if unknown else _brace(name)))
    return '"' + "".join(words) + '"'


def _pieces(text: str) -> Iterator[Tuple[str, str]]:
    """Yield each plain stretch with the name of the variable behind it, or with ''."""
    start = 0
    for match in _REFERENCE.finditer(text):
        name = match[1] or match[2] or ""
        yield text[start : match.start()], name if _NAME.fullmatch(name) else ""
        start = match.end()
    yield text[start:], ""


def _brace(name: str) -> str:
    return f"${{{name}}}" if name else ""


def _escape(text: str, special: str) -> str:
    return "".join("\\" + character if character in special else character for character in text)
