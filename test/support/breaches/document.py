"""What the OpenAPI document says wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.breaches.table import found_by
from support.breaking import Answered, Ask, Asked, answer_of

DOCUMENT = "/openapi.json"


def describes(check: str, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Enter one that changes the OpenAPI document."""

    async def breach(asked: Asked, ask: Ask) -> Answered:
        answer = await ask(asked)
        if asked.path != DOCUMENT:
            return answer
        document = answer.json
        change(document)
        return answer.with_json(document)

    breach.__name__ = name
    found_by(check)(breach)


def answers_of_predict(document: dict[str, Any]) -> None:
    path = document["paths"]["/v1/models/{model_name}:predict"]
    path["post"]["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "string"}


describes("test_the_answer_is_as_documented", "documents_other_answers", answers_of_predict)


@found_by("test_there_is_a_document")
async def documents_nothing(asked: Asked, ask: Ask) -> Answered:
    if asked.path == DOCUMENT:
        return answer_of({"error": "Not Found"}, 404)
    return await ask(asked)


def operation(document: dict[str, Any], method: str, path: str) -> Any:
    return document["paths"][path][method]


describes(
    "test_each_operation_is_described_whole",
    "documents_no_parameters",
    lambda document: operation(document, "get", "/v1/models/{model_name}").pop("parameters"),
)
describes(
    "test_each_reference_leads_somewhere",
    "documents_half",
    lambda document: document["components"]["schemas"].pop("ServerMetadataResponse"),
)
describes(
    "test_each_schema_is_one",
    "documents_no_type",
    lambda document: document["components"]["schemas"]["InstanceError"].update(type="objekt"),
)
describes(
    "test_predictions_of_both_protocols_are_described",
    "documents_v1_only",
    lambda document: document["paths"].pop("/v2/models/{model_name}/infer"),
)
describes(
    "test_the_models_are_named",
    "documents_other_models",
    lambda document: operation(document, "post", "/v1/models/{model_name}:predict")["parameters"][
        0
    ]["schema"].update(enum=["other"]),
)
describes(
    "test_what_is_described_is_answered",
    "documents_more",
    lambda document: document["paths"].update({"/v3": {"get": {"responses": {"200": {}}}}}),
)
describes(
    "test_requests_that_are_answered_are_allowed",
    "documents_other_requests",
    lambda document: document["components"]["schemas"]["Request"].update(required=["x"]),
)
