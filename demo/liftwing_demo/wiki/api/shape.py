"""The two shapes of a result: `formatversion` 1 with its quirks, and 2."""

from collections.abc import Mapping
from typing import Any


class ContentKey(str):
    """A key that `formatversion` 1 calls `*`."""


class Keyed(dict[int, dict[str, Any]]):
    """Documents by id: an object in `formatversion` 1, a list in 2."""


CONTENT = ContentKey("content")
WARNINGS = ContentKey("warnings")
NAME = ContentKey("name")
DOCREF = ContentKey("docref")


def whole(document: Mapping[str, Any], version: int) -> dict[str, Any]:
    """A document in the shape of a format version; 1 has no false, and "" for true."""
    return {_key(key, version): _shaped(value, version) for key, value in document.items()}


def _shaped(value: Any, version: int) -> Any:
    if isinstance(value, Keyed) and version == 2:
        return [_shaped(item, version) for item in value.values()]
    if isinstance(value, Mapping):
        return {
            _key(key, version): _shaped(item, version)
            for key, item in value.items()
            if not (version == 1 and item is False)
        }
    if isinstance(value, list | tuple):
        return [_shaped(item, version) for item in value]
    return "" if version == 1 and value is True else value


def _key(key: str | int, version: int) -> str:
    return "*" if version == 1 and isinstance(key, ContentKey) else str(key)
