"""Which texts are valid names, paths, images, packages and versions."""

from __future__ import annotations

import re
from typing import Pattern

VARIANT = re.compile(r"[A-Za-z][A-Za-z0-9.-]+[A-Za-z0-9]")
ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]+[A-Za-z0-9]")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]+")
PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(?:=[A-Za-z0-9.+:~-]+|/[A-Za-z0-9.-]+)?")
RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
PYTHON = re.compile(r"[a-z][A-Za-z0-9._-]*")
CACHE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
EXACT_VERSION = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*")
_SPECIFIER = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[0-9][0-9A-Za-z.*+!-]*"
VERSION = re.compile(rf"(?:{EXACT_VERSION.pattern}|{_SPECIFIER}(?:\s*,\s*{_SPECIFIER})*)")
IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
    re.ASCII,
)
IMAGE_OR_VARIANT = re.compile(f"{VARIANT.pattern}|{IMAGE.pattern}", re.ASCII)
# A Dockerfile would expand or unquote these, Blubber takes them as they are.
UNWRITABLE = re.compile(r"[$\"'\\\x00-\x1f\x7f]")
WILDCARD = re.compile(r"[*?\[]")


def is_valid(pattern: Pattern[str], text: str) -> bool:
    """Whether the whole text fits the pattern."""
    return pattern.fullmatch(text) is not None


def full_image(name: str) -> str:
    """Return an image's name with its tag, `latest` where none is given."""
    if "@" in name or ":" in name.rpartition("/")[2]:
        return name
    return name + ":latest"


def specifier(package: str, version: str) -> str:
    """Return what pip is asked for: a bare version means exactly that one."""
    if not version:
        return package
    return package + (f"=={version}" if is_valid(EXACT_VERSION, version) else version)
