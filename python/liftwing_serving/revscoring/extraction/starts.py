r"""Which runs of word characters a match of a regular expression can begin with.

The library looks for insults with `(\b)(one|another|...)(\b)`, which tries a hundred alternatives
at each word of a text. From the parsed expression follows another one, asked once for each
different word: it matches a run of word characters completely if some match could begin with that
run. It may say yes too often and never no too often; where it says yes, the library's own
expression decides.

A match of such an expression begins where a run begins, since all alternatives begin with a word
character, and ends where a run ends. So its first run is either all of it, or what comes before the
first character of it that is none of a word's: the end of the text that an alternative matches, or
a place within it where such a character may follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

# A parsed expression, as `re` has it: a sequence of operations with their arguments.
Parsed = Sequence[tuple[Any, Any]]
REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)
# Ignoring case, this mark that is part of no word equals iota.
IOTA = "\u0345"
IOTAS = frozenset(IOTA + "\u0399\u03b9\u1fbe")
# A range of more characters than these counts as one that has others than a word's.
LARGEST_RANGE = 1000
# A longer run is left to the library's expression: this one may take long over it.
LONGEST_ASKED = 60


class NotUnderstood(Exception):
    """The expression is of a form for which nothing is proved here."""


class WordStarts:
    """Of an expression between word boundaries: which words its matches can begin with.

    Raises NotUnderstood if the expression is of another form, or if a match could begin with
    anything but a word character. `crosses_lines` is whether one may contain a line end.
    """

    def __init__(self, expression: re.Pattern[str]) -> None:
        if expression.flags & ~(re.IGNORECASE | re.UNICODE):
            raise NotUnderstood("flags")
        body = _between_boundaries(_parser.parse(expression.pattern))
        if _may_be_empty(body) or any(_may_be_no_word(*it) for it in _firsts(body)):
            raise NotUnderstood("a match may begin with what is no word")
        whole = f"{_written(body)}|{_cut(body) or '(?!)'}"
        self._whole = re.compile(whole, expression.flags)
        # What may come before more of the same run, where that goes on in the next token.
        self._opening = re.compile(_opening(body), expression.flags)
        self.crosses_lines = _may_contain(body, "\n")

    def with_run(self, run: str) -> bool:
        """Whether a match could begin with this whole run of word characters."""
        return len(run) > LONGEST_ASKED or self._whole.fullmatch(run) is not None

    def with_part(self, part: str) -> bool:
        """Whether a match could begin with a run that begins with this part."""
        return len(part) > LONGEST_ASKED or self._opening.fullmatch(part) is not None


def _between_boundaries(parsed: Parsed) -> Parsed:
    """What stands in `(\b)(...)(\b)`."""
    groups = [arguments[-1] for operation, arguments in parsed if operation is op.SUBPATTERN]
    if len(groups) != len(parsed) or len(groups) != 3:
        raise NotUnderstood("groups")
    boundary = [(op.AT, op.AT_BOUNDARY)]
    if list(groups[0]) != boundary or list(groups[2]) != boundary:
        raise NotUnderstood("boundaries")
    body: Parsed = groups[1]
    return body


def _may_be_no_word(operation: Any, argument: Any) -> bool:
    """Whether one character's operation may match what is no word character."""
    if operation is op.LITERAL:
        return not _is_of_words(chr(argument))
    if operation is op.IN:
        return any(_item_may_be_no_word(*item) for item in argument)
    return True


def _is_of_words(character: str) -> bool:
    return (character.isalnum() or character == "_") and character not in IOTAS


def _item_may_be_no_word(operation: Any, argument: Any) -> bool:
    if operation is op.LITERAL:
        return not _is_of_words(chr(argument))
    if operation is op.RANGE:
        low, high = argument
        if high - low > LARGEST_RANGE:
            return True
        return not all(_is_of_words(chr(code)) for code in range(low, high + 1))
    if operation is op.CATEGORY:
        return argument not in (op.CATEGORY_WORD, op.CATEGORY_DIGIT)
    return True


def _is_character(operation: Any) -> bool:
    return operation in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY)


def _inner(operation: Any, argument: Any) -> list[Parsed]:
    """The parts of an operation on more than a character, which are alternatives."""
    if operation is op.BRANCH:
        return list(argument[1])
    if operation is op.SUBPATTERN:
        if argument[1] or argument[2]:
            raise NotUnderstood("flags of a group")
        return [argument[3]]
    if operation in REPEATS:
        return [argument[2]]
    raise NotUnderstood(str(operation))


def _may_be_empty(parsed: Parsed) -> bool:
    return all(_operation_may_be_empty(*it) for it in parsed)


def _operation_may_be_empty(operation: Any, argument: Any) -> bool:
    if _is_character(operation):
        return False
    if operation in REPEATS and argument[0] == 0:
        return True
    return any(map(_may_be_empty, _inner(operation, argument)))


def _firsts(parsed: Parsed) -> Iterator[tuple[Any, Any]]:
    """The operations on a character that may match a match's first one."""
    for operation, argument in parsed:
        if _is_character(operation):
            yield operation, argument
            return
        for part in _inner(operation, argument):
            yield from _firsts(part)
        if not _operation_may_be_empty(operation, argument):
            return


def _may_contain(parsed: Parsed, character: str) -> bool:
    return any(
        (
            re.fullmatch(_written_character(operation, argument), character, re.I) is not None
            if _is_character(operation)
            else any(_may_contain(part, character) for part in _inner(operation, argument))
        )
        for operation, argument in parsed
    )


def _written(parsed: Parsed) -> str:
    """The expression as text again, without groups that remember."""
    return "".join(_written_operation(*it) for it in parsed)


def _written_operation(operation: Any, argument: Any) -> str:
    if _is_character(operation):
        return _written_character(operation, argument)
    if operation in REPEATS:
        return f"(?:{_written(argument[2])}){_times(argument[0], argument[1])}"
    return f"(?:{'|'.join(map(_written, _inner(operation, argument)))})"


def _times(least: int, most: int) -> str:
    return f"{{{least},{'' if most is op.MAXREPEAT else most}}}"


def _written_character(operation: Any, argument: Any) -> str:
    if operation is op.LITERAL:
        return re.escape(chr(argument))
    if operation is op.NOT_LITERAL:
        return f"[^{re.escape(chr(argument))}]"
    if operation is op.ANY:
        return "."
    return f"[{''.join(_written_item(*item) for item in argument)}]"


CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def _written_item(operation: Any, argument: Any) -> str:
    if operation is op.NEGATE:
        return "^"
    if operation is op.LITERAL:
        return re.escape(chr(argument))
    if operation is op.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    return CATEGORIES[argument]


def _cut(parsed: Parsed) -> str | None:
    """What may come before a character of a match that is no word's; None if none may be there."""
    return _alternatives(parsed, _cut_operation)


def _cut_operation(operation: Any, argument: Any) -> str | None:
    if _is_character(operation):
        return "" if _may_be_no_word(operation, argument) else None
    return _within(operation, argument, _cut)


def _opening(parsed: Parsed) -> str:
    """What may come before some character of a match, or is all of one."""
    written = _alternatives(parsed, _opening_operation)
    return f"{_written(parsed)}|{written}"


def _opening_operation(operation: Any, argument: Any) -> str | None:
    if _is_character(operation):
        return ""
    return _within(operation, argument, lambda it: _alternatives(it, _opening_operation))


def _alternatives(parsed: Parsed, of_operation: Any) -> str | None:
    """Whatever `of_operation` says of each operation, after all that precedes it."""
    options = []
    before = ""
    for operation, argument in parsed:
        option = of_operation(operation, argument)
        if option is not None:
            options.append(before + (f"(?:{option})" if option else ""))
        before += _written_operation(operation, argument)
    return "|".join(dict.fromkeys(options)) if options else None


def _within(operation: Any, argument: Any, of_part: Any) -> str | None:
    options = [it for it in map(of_part, _inner(operation, argument)) if it is not None]
    if not options:
        return None
    within = "|".join(options)
    if operation in REPEATS:
        again = _times(0, argument[1] if argument[1] is op.MAXREPEAT else max(0, argument[1] - 1))
        return f"(?:{_written(argument[2])}){again}(?:{within})"
    return within
