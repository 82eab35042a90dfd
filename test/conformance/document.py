"""What the server's OpenAPI document tells of its requests and answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema

PREDICT = "/v1/models/{model_name}:predict"
INFER = "/v2/models/{model_name}/infer"

Schema = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """An OpenAPI document, of which anything may be missing or wrong."""

    json: dict[str, Any]

    def resolved(self, schema: Schema) -> Schema:
        """The schema that a reference leads to. Raises LookupError if it leads nowhere."""
        while "$ref" in schema:
            place: Any = self.json
            root, *steps = str(schema["$ref"]).split("/")
            if root != "#":
                raise LookupError(schema["$ref"])
            for step in steps:
                place = place[step]
            schema = place
        return schema

    def alternatives(self, schema: Schema) -> Iterator[Schema]:
        """The schemas that a choice is between, with no reference among them."""
        schema = self.resolved(schema)
        if "anyOf" in schema and "properties" not in schema:
            for one in schema["anyOf"]:
                yield from self.alternatives(one)
        else:
            yield schema

    def body_of(self, path: str, method: str = "post") -> Schema:
        """The schema of the JSON that is sent there."""
        body = self.json["paths"][path][method]["requestBody"]["content"]["application/json"]
        schema: Schema = body["schema"]
        return schema

    def answer_of(self, path: str, status: str, method: str = "post") -> Schema:
        """The schema of the JSON that is answered there."""
        answer = self.json["paths"][path][method]["responses"][status]
        schema: Schema = answer["content"]["application/json"]["schema"]
        return schema

    def requests(self) -> list[Schema]:
        """The schemas of V1 requests that are no batches; none if the document is wrong."""
        try:
            kinds = list(self.alternatives(self.body_of(PREDICT)))
        except (LookupError, TypeError):
            return []
        return [kind for kind in kinds if "instances" not in kind.get("properties", {})]

    def fields(self) -> dict[str, Schema]:
        """The schemas of such a request's fields, by name."""
        return {
            name: schema
            for request in self.requests()
            for name, schema in request.get("properties", {}).items()
        }

    def examples(self) -> list[Any]:
        """The requests that the document shows."""
        return [example for request in self.requests() for example in request.get("examples", [])]

    def max_instances(self) -> int | None:
        """How many instances a batch may have, if that is told."""
        try:
            kinds = list(self.alternatives(self.body_of(PREDICT)))
        except (LookupError, TypeError):
            return None
        batches = [kind["properties"]["instances"] for kind in kinds if self._is_batch(kind)]
        return min((batch["maxItems"] for batch in batches if "maxItems" in batch), default=None)

    def why_not(self, schema: Schema, value: object) -> str | None:
        """Why a value is not what a schema allows, or None if it is."""
        whole = {"components": self.json.get("components", {}), **schema}
        validator = jsonschema.Draft202012Validator(whole)
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
        return None if error is None else f"{error.json_path}: {error.message}"

    def _is_batch(self, kind: Schema) -> bool:
        return "instances" in kind.get("properties", {})


def parts_of(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in a JSON document."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from parts_of(inner)
