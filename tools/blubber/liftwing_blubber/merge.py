"""How a later section of a file changes an earlier one."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Mapping, Optional, Tuple, TypeVar

from liftwing_blubber.spec import Artifact, Builder, Custom, Lives, Python, Runs, Section

Part = TypeVar("Part", Python, Custom, Lives, Runs)
Packages = Mapping[str, Tuple[str, ...]]


def merge(earlier: Section, later: Section) -> Section:
    """Return what both sections state together; the later one wins."""
    return Section(
        base=later.base or earlier.base,
        arguments={**earlier.arguments, **later.arguments},
        packages=_packages(earlier.packages, later.packages),
        builders=_builders(earlier.builders, later.builders),
        python=_optional(earlier.python, later.python),
        builder=_optional(earlier.builder, later.builder),
        lives=_fieldwise(earlier.lives, later.lives),
        runs=_fieldwise(earlier.runs, later.runs),
        entrypoint=earlier.entrypoint if later.entrypoint is None else later.entrypoint,
        copies=_copies(earlier.copies, later.copies),
    )


def _fieldwise(earlier: Part, later: Part) -> Part:
    stated: Dict[str, Any] = {}
    for field in dataclasses.fields(later):
        value = getattr(later, field.name)
        if isinstance(value, Mapping):
            stated[field.name] = {**getattr(earlier, field.name), **value}
        elif _is_stated(value):
            stated[field.name] = value
    return dataclasses.replace(earlier, **stated)


def _is_stated(value: object) -> bool:
    # False and () are statements, while 0 is how the format leaves an id out.
    return isinstance(value, (bool, tuple)) or bool(value)


def _optional(earlier: Optional[Part], later: Optional[Part]) -> Optional[Part]:
    if earlier is None or later is None:
        return earlier if later is None else later
    return _fieldwise(earlier, later)


def _packages(earlier: Optional[Packages], later: Optional[Packages]) -> Optional[Packages]:
    if earlier is None or later is None:
        return earlier if later is None else later
    releases = [*earlier, *(release for release in later if release not in earlier)]
    return {name: (*earlier.get(name, ()), *later.get(name, ())) for name in releases}


def _copies(earlier: Tuple[Artifact, ...], later: Tuple[Artifact, ...]) -> Tuple[Artifact, ...]:
    return (*(artifact for artifact in earlier if artifact not in later), *later)


def _builders(
    earlier: Optional[Tuple[Builder, ...]], later: Optional[Tuple[Builder, ...]]
) -> Optional[Tuple[Builder, ...]]:
    """Custom builders add up; the one of python is merged where the later list has it."""
    if earlier is None or later is None:
        return earlier if later is None else later
    inherited = next((b for b in earlier if isinstance(b, Python)), None)
    front = earlier
    if inherited is not None and any(isinstance(b, Python) for b in later):
        front = tuple(b for b in earlier if not isinstance(b, Python))
        later = tuple(_fieldwise(inherited, b) if isinstance(b, Python) else b for b in later)
    return (*front, *later)
