"""Compares some extractions with what the library makes of the same revision."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from revscoring.dependencies import Dependent


class Sample:
    """Chooses a share of the extractions."""

    def __init__(self, share: float, dice: random.Random | None = None) -> None:
        self._share = share
        self._dice = dice or random.Random()

    def takes_next(self) -> bool:
        """Whether the next extraction is to be checked."""
        return self._dice.random() < self._share


def differing(
    features: Sequence[Dependent], ours: Sequence[Any], theirs: Sequence[Any]
) -> list[str]:
    """The names of the features whose values differ."""
    return [
        str(feature) for feature, one, other in zip(features, ours, theirs) if not same(one, other)
    ]


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the last bit and in type."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    # Of floats too, each of which has a text of its own.
    return repr(one) == repr(other)
