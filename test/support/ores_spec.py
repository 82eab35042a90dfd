"""Holds answers under /v3 against the OpenAPI document that the front gives out."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
from liftwing_serving.ores.routes import without_prefix
from liftwing_serving.ores.spec import spec

JSON = "application/json"


def described(path: str) -> str | None:
    """The document's path that this one, without a query, is one of."""
    wanted = without_prefix(path).rstrip("/") + "/"
    for one in spec()["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), wanted):
            return str(one)
    return None


def resolved(place: Any) -> Any:
    """What a reference leads to. Raises KeyError if it leads nowhere."""
    while "$ref" in place:
        steps = place["$ref"].removeprefix("#/").split("/")
        place = spec()
        for step in steps:
            place = place[step]
    return place


def check_answer(method: str, path: str, status: int, body: Any) -> None:
    """Fails if a JSON answer is another than the document says. Other paths are let pass."""
    operation = spec()["paths"].get(described(path), {}).get(method.lower())
    if operation is None:
        return
    answers = operation["responses"]
    told = resolved(answers.get(str(status), answers["default"]))
    if "content" not in told:
        assert body in ("", None)
        return
    schema = {**told["content"][JSON]["schema"], "components": spec()["components"]}
    jsonschema.validate(body, schema, cls=jsonschema.Draft202012Validator)
