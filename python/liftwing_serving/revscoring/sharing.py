"""Which models may share the values that were computed for one revision.

revscoring takes two dependents for one if they have the same name. The packages of feature lists
do not keep to that: `ptwiki.revision.category_links` counts other links for article quality than
for draft quality. Models that disagree about a name get values of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import FunctionType
from typing import Any

from revscoring.dependencies import Dependent, expand

# What each dependent of a model is, by what revscoring takes for it.
Definitions = Mapping[Dependent, Dependent]


def definitions_of(features: Iterable[Dependent]) -> Definitions:
    """All that the features are computed from, and themselves."""
    return {dependent: dependent for dependent in expand(list(features))}


def groups(models: Mapping[str, Definitions]) -> list[list[str]]:
    """The models' names, together with those that mean the same by all names that they share."""
    grouped: list[list[str]] = []
    for name, definitions in models.items():
        for group in grouped:
            if all(agree(definitions, models[other]) for other in group):
                group.append(name)
                break
        else:
            grouped.append([name])
    return grouped


def agree(some: Definitions, others: Definitions) -> bool:
    """Whether both mean the same by each name that both have."""
    return all(
        _alike(vars(some[it]), vars(others[it]), set()) for it in some.keys() & others.keys()
    )


def _alike(one: Any, other: Any, compared: set[tuple[int, int]]) -> bool:
    """Whether two objects, of models that were unpickled apart, would compute the same.

    Of dependents within them only the names are compared: each is compared for itself.
    """
    if one is other or (id(one), id(other)) in compared:
        return True
    if type(one) is not type(other):
        return False
    compared.add((id(one), id(other)))
    if isinstance(one, (type, FunctionType)):
        return False
    if isinstance(one, Dependent):
        return bool(one == other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            # How often it was called so far is no part of what it is.
            key == "calls" or _alike(value, other[key], compared)
            for key, value in one.items()
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(
            _alike(value, its, compared) for value, its in zip(one, other)
        )
    if (one == other) is True:
        return True
    if isinstance(one, (str, bytes, int, float, set, frozenset)):
        return False
    try:
        # As pickle takes it apart.
        return _alike(one.__reduce_ex__(2), other.__reduce_ex__(2), compared)
    except TypeError:
        return False
