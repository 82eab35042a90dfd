"""What a model file tells of its model: how it was made, and how good it was in tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from liftwing_serving.revscoring.information import Path, no_such_part
from revscoring.scoring.models.model import Model


def describe(model: Model, version: str, paths: Sequence[Path]) -> dict[str, Any]:
    """The parts at these paths in their tree, or the whole tree without paths, ready for JSON.

    `version` stands for the model's own. The tree is as ORES showed it: without the thresholds
    unless they are asked for. Raises BadRequest for a path that leads nowhere.
    """
    try:
        document = model.info.format([list(path) for path in paths], formatting="json")
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        # The library follows a path until it meets something that it does not expect there.
        named = error.args[0] if isinstance(error, KeyError) and error.args else ""
        asked = [key for path in paths for key in path]
        raise no_such_part(named if named in asked else "|".join(map(".".join, paths))) from None
    if "version" in document:
        document["version"] = version
    described: dict[str, Any] = _plain(document)
    return described


def _plain(value: Any) -> Any:
    """The same as JSON has it: the label True is the key `true`, and no number is infinite."""
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, numpy.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _key(key: object) -> str:
    return str(key).lower() if isinstance(key, (bool, numpy.bool_)) else str(key)
