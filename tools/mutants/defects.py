"""Defects that tests should notice, as test/mutants lists them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Defect:
    """What goes wrong, in words (`name`), and how: in the function, class or constant `where`, as
    `package.module:Class.method`, the text `replace` becomes `by`.

    `tests` are node ids of pytest, of which one should fail. `hangs` is set where one is expected
    not to end; `missed` says why none notices, if that cannot be helped. `chapter` is the file that
    lists it, without its ending.
    """

    chapter: str
    name: str
    where: str
    replace: str
    by: str
    tests: tuple[str, ...]
    hangs: bool = False
    missed: str = ""


class ListUnreadable(Exception):
    """A list of defects is not of the form that CONTRIBUTING.md describes."""


def listed(folder: Path) -> list[Defect]:
    """All defects of a folder's lists, file by file. Raises ListUnreadable."""
    return [
        _defect(path, number, entry)
        for path in sorted(folder.glob("*.toml"))
        for number, entry in enumerate(_entries(path), 1)
    ]


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = tomllib.loads(path.read_text())["mutant"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise ListUnreadable(f"{path}: {error!r}") from None
    return entries


def _defect(path: Path, number: int, entry: dict[str, Any]) -> Defect:
    unknown = entry.keys() - {field.name for field in fields(Defect)}
    if unknown:
        raise ListUnreadable(f"{path}, number {number}: unknown {', '.join(sorted(unknown))}")
    tests = tuple(entry.get("tests", ()))
    try:
        return Defect(**{**entry, "chapter": path.stem, "tests": tests})
    except TypeError as error:
        raise ListUnreadable(f"{path}, number {number}: {error}") from None
