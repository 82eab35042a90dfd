"""Strings that a regular expression matches, made from Python's own parsed form of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

MOST_REPEATS = 2
# What a class without a letter of its own, such as [^x] or \w, is filled from.
FILLING = "aeinorst 0123456789-.,'\"!?"
CATEGORIES: dict[Any, Callable[[str], bool]] = {
    _constants.CATEGORY_DIGIT: str.isdigit,
    _constants.CATEGORY_NOT_DIGIT: lambda it: not it.isdigit(),
    _constants.CATEGORY_SPACE: str.isspace,
    _constants.CATEGORY_NOT_SPACE: lambda it: not it.isspace(),
    _constants.CATEGORY_WORD: lambda it: it.isalnum() or it == "_",
    _constants.CATEGORY_NOT_WORD: lambda it: not (it.isalnum() or it == "_"),
}


def string_of(pattern: str, dice: random.Random) -> str:
    """A string that the pattern is likely to match: what looks around and back is passed over.

    Raises ValueError for a construct that no pattern here has.
    """
    return _of(_parser.parse(pattern), dice, {})


def _of(parsed: Any, dice: random.Random, groups: dict[int, str]) -> str:
    return "".join(_item(kind, value, dice, groups) for kind, value in parsed)


def _item(kind: Any, value: Any, dice: random.Random, groups: dict[int, str]) -> str:
    match kind:
        case _constants.LITERAL:
            return chr(value)
        case _constants.ANY:
            return dice.choice(FILLING)
        case _constants.NOT_LITERAL:
            return dice.choice(FILLING.replace(chr(value), ""))
        case _constants.IN:
            return _of_class(value, dice)
        case _constants.BRANCH:
            return _of(dice.choice(value[1]), dice, groups)
        case _constants.SUBPATTERN:
            number, *_, parsed = value
            text = _of(parsed, dice, groups)
            groups[number] = text
            return text
        case _constants.MAX_REPEAT | _constants.MIN_REPEAT:
            fewest, most, parsed = value
            times = dice.randint(fewest, max(fewest, min(most, fewest + MOST_REPEATS)))
            return "".join(_of(parsed, dice, groups) for _ in range(times))
        case _constants.GROUPREF:
            return groups.get(value, "")
        case _constants.AT | _constants.ASSERT | _constants.ASSERT_NOT:
            return ""
    raise ValueError(f"no string is made of {kind}")


def _of_class(members: list[tuple[Any, Any]], dice: random.Random) -> str:
    if members[0][0] is _constants.NEGATE:
        pattern = _excluding(members[1:])
        return dice.choice([letter for letter in FILLING if pattern(letter)])
    kind, value = dice.choice(members)
    if kind is _constants.LITERAL:
        return chr(value)
    if kind is _constants.RANGE:
        return chr(dice.randint(*value))
    return dice.choice([letter for letter in FILLING if CATEGORIES[value](letter)])


def _excluding(members: list[tuple[Any, Any]]) -> Callable[[str], bool]:
    def passes(letter: str) -> bool:
        for kind, value in members:
            if kind is _constants.LITERAL and ord(letter) == value:
                return False
            if kind is _constants.RANGE and value[0] <= ord(letter) <= value[1]:
                return False
            if kind is _constants.CATEGORY and CATEGORIES[value](letter):
                return False
        return True

    return passes


def matched_strings(
    patterns: list[str], finds: Callable[[str], list[str]], dice: random.Random, wanted: int
) -> list[str]:
    """At most `wanted` different strings, of different patterns, in which `finds` finds all."""
    found: list[str] = []
    for pattern in dice.sample(patterns, len(patterns)):
        text = string_of(pattern, dice).strip().lower()
        if text and text not in found and finds(f"{text}, {text}") == [text, text]:
            found.append(text)
        if len(found) == wanted:
            break
    return found
