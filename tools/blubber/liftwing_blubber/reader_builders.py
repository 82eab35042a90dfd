"""From the tree of a file to builders and to the files that they and `copies` bring."""

from __future__ import annotations

import posixpath
from typing import Callable, List, Optional, Sequence, Tuple, Union

from liftwing_blubber import values
from liftwing_blubber.spec import LOCAL, Artifact, Builder, Cache, Custom, Python
from liftwing_blubber.tree import Field

ACCESS = ("shared", "private", "locked")
PINNED = ("pip-version", "setuptools-version", "wheel-version", "tox-version")
# Blubber looks at the seventh character of the interpreter's name without asking if there is one.
SHORTEST_PYTHON = 7


def absolute_path(field: Field) -> str:
    """Read the path of a directory that is not the root of the file system."""
    path = field.text()
    if not path:
        return ""
    if not path.startswith("/") or posixpath.normpath(path).strip("/") == "":
        field.fail("must be an absolute path other than /")
    return posixpath.normpath(_writable(field, path))


def read_artifacts(
    items: Sequence[Field], reader: Callable[[Field], Artifact]
) -> Tuple[Artifact, ...]:
    """Read a list of files to bring, in which none may stand twice."""
    found: List[Artifact] = []
    for item in items:
        artifact = reader(item)
        if artifact in found:
            item.fail("is the same as an earlier entry")
        found.append(artifact)
    return tuple(found)


def read_artifact(field: Field) -> Artifact:
    """Read the mapping `{from, source, destination}`."""
    keys = field.keys("from", "source", "destination", "exclude")
    if "exclude" in keys:
        keys["exclude"].fail("Docker 20.10 ignores it; name the files in .dockerignore")
    origin = keys["from"].text() if "from" in keys else ""
    source = keys["source"].text() if "source" in keys else ""
    destination = keys["destination"].text() if "destination" in keys else ""
    if not origin:
        field.fail("needs the key from")
    if origin != LOCAL and not values.is_valid(values.IMAGE_OR_VARIANT, origin):
        keys["from"].fail(f"{origin!r} is not the name of a variant or image")
    if destination and not source:
        field.fail("has a destination but no source")
    if origin == LOCAL and source:
        _refuse_outside(keys["source"], source)
    for key in ("source", "destination"):
        if key in keys:
            _writable(keys[key], keys[key].text())
    return Artifact(origin, source, destination, field.place)


def read_requirement(field: Field) -> Artifact:
    """Read a mapping, or the path of something in the context."""
    if not field.is_text:
        artifact = read_artifact(field)
        if not artifact.source:
            field.fail("needs the key source")
        return artifact
    source = _writable(field, field.text())
    if not source:
        field.fail("must not be empty")
    _refuse_outside(field, source)
    return Artifact(LOCAL, source, place=field.place)


def read_builders(field: Field) -> Tuple[Builder, ...]:
    """Read the list `builders`."""
    found: List[Builder] = []
    for item in field.items():
        kinds = item.keys("custom", "python", "node", "php")
        if len(kinds) != 1:
            item.fail("must have exactly one of the keys custom and python")
        kind, builder = next(iter(kinds.items()))
        if kind in ("node", "php"):
            builder.fail("this compiler does not support it")
        if kind == "python" and any(isinstance(b, Python) for b in found):
            builder.fail("must not be given twice")
        found.append(read_python(builder) if kind == "python" else read_custom(builder))
    return tuple(found)


def read_python(field: Field) -> Python:
    """Read a python builder."""
    keys = field.keys(
        "version",
        "requirements",
        "venv",
        "use-system-site-packages",
        "no-deps",
        "poetry",
        *PINNED,
    )
    if "poetry" in keys:
        keys["poetry"].fail("this compiler does not support it")
    pinned = [_read_version(keys[key]) if key in keys else "" for key in PINNED]
    version = keys["version"].text() if "version" in keys else ""
    if version and not values.is_valid(values.PYTHON, version):
        keys["version"].fail("must be the name of an interpreter on PATH, such as python3")
    if version and len(version) < SHORTEST_PYTHON:
        keys["version"].fail(f"Blubber fails on names shorter than {SHORTEST_PYTHON} characters")
    return Python(
        version,
        _read_requirements(keys["requirements"]) if "requirements" in keys else None,
        absolute_path(keys["venv"]) if "venv" in keys else "",
        _read_flag(keys.get("use-system-site-packages")),
        _read_flag(keys.get("no-deps")),
        *pinned,
    )


def read_custom(field: Field) -> Custom:
    """Read a custom builder."""
    keys = field.keys("command", "script", "requirements", "caches", "mounts")
    if "mounts" in keys:
        keys["mounts"].fail("this compiler does not support it; bring files by requirements")
    script = keys["script"].text() if "script" in keys else ""
    command = _read_command(keys["command"]) if "command" in keys else None
    if script and command:
        keys["script"].fail("must not stand beside command")
    return Custom(
        command,
        script,
        _read_requirements(keys["requirements"]) if "requirements" in keys else None,
        tuple(_read_cache(i) for i in keys["caches"].items()) if "caches" in keys else None,
    )


def _read_requirements(field: Field) -> Tuple[Artifact, ...]:
    return read_artifacts(field.items(), read_requirement)


def _read_flag(field: Optional[Field]) -> Optional[bool]:
    return None if field is None else field.flag()


def _read_version(field: Field) -> str:
    text = field.text()
    if text and not values.is_valid(values.VERSION, text):
        field.fail(f"{text!r} is neither a version nor a specifier such as '<81'")
    return text


def _read_command(field: Field) -> Union[str, Tuple[str, ...]]:
    if not field.is_list:
        line = field.text()
        if "%" in line:
            field.fail("Blubber fails on a % in a command; use script")
        return line
    items = field.items()
    words = tuple(item.text() for item in items)
    if words and "%" in words[0]:
        items[0].fail("Blubber fails on a % in a command; use script")
    for item, word in zip(items, words):
        if not word.isprintable():
            item.fail("holds characters that cannot be printed; use script")
    return words


def _read_cache(field: Field) -> Cache:
    if field.is_text:
        return Cache(_cache_destination(field))
    keys = field.keys("destination", "id", "access")
    if "destination" not in keys:
        field.fail("needs the key destination")
    access = keys["access"].text() if "access" in keys else ""
    if access and access not in ACCESS:
        keys["access"].fail(f"must be one of {', '.join(ACCESS)}")
    name = keys["id"].text() if "id" in keys else ""
    if name and not values.is_valid(values.CACHE_ID, name):
        keys["id"].fail("must be made of letters, digits, '.', '_', '-' and '/'")
    return Cache(_cache_destination(keys["destination"]), name, access)


def _cache_destination(field: Field) -> str:
    path = field.text()
    fixed = path.replace("${HOME}", "").replace("$HOME", "")
    if "$" in fixed:
        field.fail("this compiler replaces no variable but HOME here")
    if "," in fixed or not path.startswith(("/", "$")):
        field.fail("must be an absolute path without a comma")
    _writable(field, fixed)
    return path


def _refuse_outside(field: Field, source: str) -> None:
    if source.startswith("/") or posixpath.normpath(source).split("/")[0] == "..":
        field.fail("a local source must be a relative path inside the context")


def _writable(field: Field, path: str) -> str:
    if values.UNWRITABLE.search(path):
        field.fail("holds a character that this compiler cannot write: $, a quote or a backslash")
    return path
