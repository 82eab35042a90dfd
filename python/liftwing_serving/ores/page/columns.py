"""Which models have a column of the table. Pure functions."""

from __future__ import annotations

from collections.abc import Collection

from liftwing_serving.ores.page.changes import RISKS
from liftwing_serving.ores.page.events import MODEL

# More than a family has; a table of more columns cannot be read.
MAX_COLUMNS = 8
_FIRST = ("damaging", "goodfaith", "reverted", *RISKS)


def chosen(known: Collection[str], told: Collection[str]) -> list[str]:
    """Of the models behind the front and of those that events tell of, which may be any.

    Those that say what an edit does come first where there are too many, and before strangers
    those that are known.
    """

    def worth(model: str) -> tuple[int, bool, str]:
        first = _FIRST.index(model) if model in _FIRST else len(_FIRST)
        return first, model not in known, model

    return sorted(sorted({*known, *told}, key=worth)[:MAX_COLUMNS])


def asked(text: str) -> list[str]:
    """The columns that a page says that it has."""
    return [name for name in text.split(",") if MODEL.fullmatch(name)][:MAX_COLUMNS]
