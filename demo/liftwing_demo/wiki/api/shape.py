"""The two shapes of a result: `formatversion` 1 with its quirks, and 2."""

from collections.abc import Mapping
from typing import Any


class ContentKey(str):
    """A key that `formatversion` 1 calls `*` and puts last."""


class Keyed(dict[int, dict[str, Any]]):
    """Documents by id: an object in `formatversion` 1, a list by ascending id in 2."""


class Object(dict[Any, Any]):
    """A document that stays an object whatever it holds.

    Any other is a list to PHP, and so in JSON, when its keys are the integers from 0 or when it
    is empty.
    """


CONTENT = ContentKey("content")
WARNINGS = ContentKey("warnings")
NAME = ContentKey("name")
DOCREF = ContentKey("docref")


def whole(document: Mapping[str, Any], version: int) -> dict[str, Any]:
    """A document in the shape of a format version; 1 has no false, and "" for true."""
    shaped = _shaped(Object(document), version)
    assert isinstance(shaped, dict)
    return shaped


def _shaped(value: Any, version: int) -> Any:
    if isinstance(value, Mapping):
        return _shaped_mapping(value, version)
    if isinstance(value, list | tuple):
        return [_shaped(item, version) for item in value]
    return "" if version == 1 and value is True else value


def _shaped_mapping(value: Mapping[Any, Any], version: int) -> Any:
    items = {
        key: _shaped(item, version)
        for key, item in value.items()
        if not (version == 1 and item is False)
    }
    if _is_list(value, items, version):
        return [items[key] for key in sorted(items)]
    if version == 2:
        return {str(key): item for key, item in items.items()}
    content = {"*": item for key, item in items.items() if isinstance(key, ContentKey)}
    others = {str(key): item for key, item in items.items() if not isinstance(key, ContentKey)}
    return others | content


def _is_list(value: Mapping[Any, Any], items: Mapping[Any, Any], version: int) -> bool:
    if isinstance(value, Object):
        return False
    if isinstance(value, Keyed) and version == 2:
        return True
    return all(isinstance(key, int) for key in items) and max(items, default=-1) == len(items) - 1
