"""What the OpenAPI document says of the routes whose bodies this server reads itself.

FastAPI knows of them only that they take a request. Pure functions of the servables' schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from liftwing_serving.server.instances import INSTANCES, PREDICTIONS
from liftwing_serving.server.openinference import DATATYPE, INPUT, OUTPUT
from liftwing_serving.server.servable import ANY_OBJECT

Schema = Mapping[str, Any]

PREDICT = "/v1/models/{model_name}:predict"
INFER = "/v2/models/{model_name}/infer"
INFORMATION = "/v1/models/{model_name}/info"

ERRORS = {
    400: "The request is wrong.",
    404: "There is no model of that name.",
    408: "The body did not arrive in time.",
    413: "The body or the batch is too large.",
    429: "There is more work than can be done in time; Retry-After says when to come back.",
    500: "A defect; the text is the request id to report.",
    502: "An answer that the server needed was unusable.",
    503: "The same may work on a second try; Retry-After may say when.",
}


def complete(
    document: dict[str, Any],
    models: Mapping[str, tuple[Schema, Schema]],
    routes: Mapping[str, tuple[Schema, Schema]],
    max_instances: int,
) -> dict[str, Any]:
    """The document with bodies and answers of these models, and of routes of their own, filled in.

    Each has the JSON schemas of its V1 request and answer, by name. Completing it again, when more
    is loaded, replaces what was there.
    """
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            # Nothing is validated by FastAPI.
            operation["responses"].pop("422", None)
            for parameter in operation.get("parameters", ()) if models else ():
                if parameter["in"] == "path":
                    parameter["schema"]["enum"] = sorted(models)
        if path in routes:
            _fill(operations["post"], *routes[path])
    requests, answers = zip(*models.values(), strict=True) if models else ((), ())
    schemas.update(_schemas(_any(requests), _any(answers), max_instances))
    paths = document["paths"]
    _fill(paths[PREDICT]["post"], _either("Request", "Batch"), _either("Answer", "Predictions"))
    _fill(paths[INFER]["post"], _named("InferenceRequest"), _named("InferenceResponse"))
    return document


def _schemas(request: Schema, answer: Schema, max_instances: int) -> dict[str, Schema]:
    """What several routes refer to."""
    instances = {"type": "array", "items": _named("Request"), "maxItems": max_instances}
    predicted = {"type": "array", "items": _either("Answer", "InstanceError")}
    told = {"code": {"type": "integer"}, "message": {"type": "string"}}
    asked = {"type": "object", "description": "`binary_data_output`: answer in binary form."}
    return {
        "Request": request,
        "Answer": answer,
        "Batch": _object({INSTANCES: instances}),
        "Predictions": _object({PREDICTIONS: predicted}),
        "InstanceError": _object({"error": _object(told)}),
        "Error": _object({"error": {"type": "string"}}),
        "InferenceRequest": _object(
            {"inputs": _tensors(INPUT, _either("Request", "Batch"))},
            {"id": {"type": "string"}, "parameters": asked},
        ),
        "InferenceResponse": _object(
            {
                "model_name": {"type": "string"},
                "id": {"type": "string"},
                "outputs": _tensors(OUTPUT, _either("Answer", "Predictions", "InstanceError")),
            }
        ),
    }


def _tensors(name: str, element: Schema) -> Schema:
    """The one tensor, of texts that hold such elements."""
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": element}
    tensor = {
        "name": {"type": "string", "examples": [name]},
        "datatype": {"const": DATATYPE},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
        "data": {"type": "array", "items": text},
    }
    return {"type": "array", "items": _object(tensor), "minItems": 1, "maxItems": 1}


def _fill(operation: dict[str, Any], request: Schema, answer: Schema) -> None:
    """Give an operation these bodies, and the errors of all."""
    operation["requestBody"] = {"required": True, "content": _json(request)}
    errors = {
        str(status): {"description": text, "content": _json(_named("Error"))}
        for status, text in ERRORS.items()
    }
    operation["responses"] = {"200": {"description": "The answer.", "content": _json(answer)}}
    operation["responses"] |= errors


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _either(*names: str) -> dict[str, Any]:
    return {"anyOf": [_named(name) for name in names]}


def _any(schemas: Iterable[Schema]) -> Schema:
    """What one of several schemas allows; any object if there is none yet."""
    different: list[Schema] = []
    for schema in schemas:
        if schema not in different:
            different.append(schema)
    if len(different) > 1:
        return {"anyOf": different}
    return different[0] if different else ANY_OBJECT


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = required | (optional or {})
    return {"type": "object", "properties": properties, "required": list(required)}
