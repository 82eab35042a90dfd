"""The description of version 3 of ORES' API as the front answers it: openapi.json, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson


@cache
def spec() -> dict[str, Any]:
    """The OpenAPI document."""
    document: dict[str, Any] = orjson.loads(
        files(__package__).joinpath("openapi.json").read_bytes()
    )
    return document
