"""Values that a client gives in place of those that would be computed, as ORES allowed.

A name is that of a feature or datasource on the way to the model's features, with `feature.` or
`datasource.` before it, as they are shown and as `str` tells it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from revscoring.datasources import Datasource
from revscoring.dependencies import Dependent
from revscoring.features import Feature, FeatureVector, vectorize_values

from liftwing_serving.errors import InjectionRefused
from liftwing_serving.fields import shown
from liftwing_serving.revscoring.leaves import READERS

# What the estimators' trees compute with ends here (float32).
LARGEST = 3.4e38
SUGGESTIONS = 5

_SAID = {bool: "true or false", int: "an integer", float: "a number", str: "a string"}
# Of the fields that leaves end in: the others are strings.
_LEAF_KINDS = {"id": int, "editcount": int, "byte_len": int, "minor": bool, "emailable": bool}


def injected(
    values: Mapping[str, Any], models: Iterable[Iterable[Dependent]]
) -> list[dict[Dependent, Any]]:
    """For each model, given as all that is solved for it, the values that it has a name for.

    Raises InjectionRefused for a name that no model has, and for a value of a wrong type.
    """
    known = [{str(dependent): dependent for dependent in solved} for solved in models]
    for name in values:
        if not any(name in names for names in known):
            raise _unknown(name, {name for names in known for name in names})
    return [
        {
            names[name]: _checked(names[name], value)
            for name, value in values.items()
            if name in names
        }
        for names in known
    ]


def check_computed(values: Iterable[Any]) -> None:
    """Raises InjectionRefused if something was computed that no model can score."""
    for value in vectorize_values(values):
        if not abs(value) <= LARGEST:
            raise InjectionRefused("The injected values make a feature too large.")


def _unknown(name: str, names: Iterable[str]) -> InjectionRefused:
    # Not those of modifiers, which are whole formulas.
    plain = [one for one in names if "(" not in one]
    near = difflib.get_close_matches(name, plain, SUGGESTIONS)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    return InjectionRefused(f"There is nothing called {shown(name)} to inject.{hint}")


def _checked(dependent: Dependent, value: Any) -> Any:
    """The value as the dependent would have it. Raises InjectionRefused."""
    if isinstance(dependent, FeatureVector):
        kind = dependent.returns
        if isinstance(value, list):
            return [
                _of_kind(dependent, kind, item, f"a list, each {_SAID[kind]}") for item in value
            ]
        raise _wrong(dependent, f"a list, each {_SAID[kind]}")
    if isinstance(dependent, Feature):
        return _of_kind(dependent, dependent.returns, value, _SAID[dependent.returns])
    if isinstance(dependent, Datasource) and dependent in READERS and value is not None:
        return _leaf(dependent, value)
    return value


def _leaf(leaf: Dependent, value: Any) -> Any:
    """A field of a revision, a page or a user, which may also be null."""
    field = leaf.name.rpartition(".")[2]
    if field == "groups":
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        raise _wrong(leaf, "a list of strings")
    kind = _LEAF_KINDS.get(field, str)
    return _of_kind(leaf, kind, value, f"{_SAID[kind]} or null")


def _of_kind(dependent: Dependent, kind: type, value: Any, said: str) -> Any:
    # To Python true is an integer; to JSON 1 is a number.
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or isinstance(value, bool) != (kind is bool):
        raise _wrong(dependent, said)
    return kind(value) if kind is float else value


def _wrong(dependent: Dependent, said: str) -> InjectionRefused:
    return InjectionRefused(f'Expected "{dependent}" to be {said}.')
