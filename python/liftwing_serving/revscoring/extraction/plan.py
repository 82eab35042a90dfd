"""How a model's features are worked out of two texts, before the library's solver sees them.

Features that follow from the texts alone are put into the solver's `cache`. Arithmetic between
them is the library's own code, called with the same values as the solver would; only finding out
what comes before what is done once for a model instead of for each revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from revscoring.dependencies import Dependent
from revscoring.dependencies.dependent import not_implemented
from revscoring.features import Feature

from liftwing_serving.revscoring.extraction.expressions import Value
from liftwing_serving.revscoring.extraction.recognition import OfText, Reader
from liftwing_serving.revscoring.extraction.texts import Text

# Of a step that is left to the library, and all that depend on it.
UNKNOWN = object()

Texts = Mapping[Dependent, Text]
# Works a value out of the texts and the values of the steps before.
Step = Callable[[Texts, list[Any]], Any]


class Plan:
    """The steps of one model."""

    def __init__(self, features: Iterable[Dependent], reader: Reader) -> None:
        self._reader = reader
        self._steps: list[Step] = []
        self._numbers: dict[int, int | None] = {}
        self._dependents: list[Dependent] = []
        self.values: list[Value] = []
        wanted = dict[Dependent, int]()
        self._want(features, wanted, set())
        self._wanted = list(wanted.items())

    def fill(self, cache: dict[Dependent, Any], texts: Texts) -> None:
        """Add to a solver's cache what follows from the texts; one that is missing is unknown.

        What cannot be worked out is left out, so that the library meets the error itself.
        """
        values: list[Any] = []
        for step in self._steps:
            try:
                values.append(step(texts, values))
            except MemoryError:
                raise
            except Exception:
                values.append(UNKNOWN)
        for dependent, number in self._wanted:
            if values[number] is not UNKNOWN:
                cache.setdefault(dependent, values[number])

    def _want(
        self, dependents: Iterable[Dependent], wanted: dict[Dependent, int], seen: set[int]
    ) -> None:
        """The topmost dependents that have a step."""
        for dependent in dependents:
            if id(dependent) in seen:
                continue
            seen.add(id(dependent))
            number = self._number(dependent)
            if number is None:
                self._want(self._reader.dependencies(dependent), wanted, seen)
            else:
                wanted.setdefault(dependent, number)

    def _number(self, dependent: Dependent) -> int | None:
        """The number of the dependent's step; None if it needs more than the texts."""
        if id(dependent) not in self._numbers:
            step = self._step(dependent)
            if step is not None:
                self._steps.append(step)
            self._numbers[id(dependent)] = None if step is None else len(self._steps) - 1
            # Kept, so that no later one has its id.
            self._dependents.append(dependent)
        return self._numbers[id(dependent)]

    def _step(self, dependent: Dependent) -> Step | None:
        number = self._reader.feature(dependent)
        if number is not None:
            self.values.append(number.value)
            return _aggregated(dependent, number)
        table = self._reader.table(dependent)
        if table is not None:
            self.values.append(table.value)
            return _of_text(table)
        if dependent.process is not_implemented:
            return None
        numbers = [self._number(it) for it in self._reader.dependencies(dependent)]
        known = [it for it in numbers if it is not None]
        return None if len(known) < len(numbers) else _called(dependent, known)


def _of_text(of: OfText) -> Step:
    def step(texts: Texts, values: list[Any]) -> Any:
        return texts[of.text].value(of.value)

    return step


def _aggregated(feature: Feature, of: OfText) -> Step:
    returns = feature.returns

    def step(texts: Texts, values: list[Any]) -> Any:
        number = texts[of.text].value(of.value)
        # The library has the type's zero for an empty list.
        return feature.validate(returns(number) if number else returns())

    return step


def _called(dependent: Dependent, arguments: list[int]) -> Step:
    process = dependent.process
    validate = dependent.validate if isinstance(dependent, Feature) else None

    def step(texts: Texts, values: list[Any]) -> Any:
        given = [values[it] for it in arguments]
        # An `in` would ask features whether they are equal.
        if any(it is UNKNOWN for it in given):
            return UNKNOWN
        value = process(*given)
        return value if validate is None else validate(value)

    return step
