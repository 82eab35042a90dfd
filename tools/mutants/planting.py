"""Puts a defect into a module's source. Finds its place by name, since code moves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from defects import Defect

# Where packages lie in a checkout.
SOURCES = ("python", "demo", "tools/blubber", "tools/pipeline")


class CannotPlant(Exception):
    """The defect does not fit the code (any more); the text says why."""


def module_of(defect: Defect, root: Path) -> Path:
    """The file of the module that the defect is for. Raises CannotPlant."""
    path = defect.where.partition(":")[0].replace(".", "/")
    for source in SOURCES:
        for file in (root / source / f"{path}.py", root / source / path / "__init__.py"):
            if file.is_file():
                return file
    raise CannotPlant(f"there is no module of {defect.where}")


def planted(source: str, defect: Defect) -> str:
    """A module's source with the defect in it. Raises CannotPlant."""
    first, last = _lines_of(source, defect.where)
    lines = source.splitlines(keepends=True)
    within = "".join(lines[first - 1 : last])
    found = within.count(defect.replace)
    if found != 1:
        raise CannotPlant(f"{defect.where} has the text {found} times, not once")
    changed = within.replace(defect.replace, defect.by)
    result = "".join([*lines[: first - 1], changed, *lines[last:]])
    try:
        before, after = (ast.dump(ast.parse(text)) for text in (source, result))
    except SyntaxError as error:
        raise CannotPlant(f"{defect.where}: {error}") from None
    if before == after:
        raise CannotPlant(f"{defect.where} does the same as before")
    return result


def _lines_of(source: str, where: str) -> tuple[int, int]:
    """First and last line of what a place names, its decorators included."""
    body: list[ast.stmt] = ast.parse(source).body
    found: list[ast.stmt] = []
    for name in where.partition(":")[2].split("."):
        found = [node for node in _statements(body) if name in _names(node)]
        if len(found) != 1:
            raise CannotPlant(f"{where}: {name} is there {len(found)} times, not once")
        body = getattr(found[0], "body", [])
    (node,) = found
    parts: list[ast.stmt | ast.expr] = [node, *getattr(node, "decorator_list", [])]
    return min(part.lineno for part in parts), node.end_lineno or node.lineno


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements, and those within compound ones that are neither functions nor classes."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inner = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt)]
            yield from _statements(inner)


def _names(node: ast.stmt) -> list[str]:
    """What a statement defines."""
    match node:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            return [name]
        case ast.AnnAssign(target=ast.Name(name)):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
    return []
