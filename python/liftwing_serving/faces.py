"""Packages whose names are imported when they are first asked for.

Processes start side by side and each has its own half of a package: the one that extracts features
needs no HTTP, and the one that serves no feature.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazily(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """A `__getattr__` for the package, whose names are those of its modules. See PEP 562.

    A module that stands for itself has no names.
    """
    places = {name: module for module, names in modules.items() for name in names or [module]}

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{places[name]}")
        found = module if name == places[name] else getattr(module, name)
        setattr(sys.modules[package], name, found)
        return found

    return find
