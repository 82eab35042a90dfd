"""The OpenAPI document: there, sound and true."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from conformance.asking import Server, json_of, told
from conformance.document import INFER, PREDICT, Document, parts_of

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest.fixture
def sound(document: Document) -> Document:
    if not isinstance(document.json.get("paths"), dict):
        pytest.skip("there is no such document")
    return document


def test_there_is_a_document(server: Server) -> None:
    answer = server.get("/openapi.json")
    assert answer.status_code == 200, told(answer)
    document = json_of(answer)
    assert document["openapi"].startswith("3.1."), document["openapi"]
    assert document["info"]["title"] and document["info"]["version"]
    assert document["paths"]


def test_each_operation_is_described_whole(sound: Document) -> None:
    for path, operations in sound.json["paths"].items():
        named = set(re.findall(r"\{(\w+)\}", path))
        for method in METHODS & operations.keys():
            operation = operations[method]
            assert operation["responses"], f"{method} {path} has no responses"
            told_of = operation.get("parameters", []) + operations.get("parameters", [])
            in_path = {one["name"] for one in told_of if one["in"] == "path"}
            assert in_path == named, f"{method} {path} has other parameters than its path"


def test_each_reference_leads_somewhere(sound: Document) -> None:
    missing = []
    for part in parts_of(sound.json):
        if isinstance(part.get("$ref"), str):
            try:
                sound.resolved(part)
            except (LookupError, TypeError):
                missing.append(part["$ref"])
    assert missing == []


def test_each_schema_is_one(sound: Document) -> None:
    named = sound.json.get("components", {}).get("schemas", {}).items()
    inline = [(part["schema"], part) for part in parts_of(sound.json["paths"]) if "schema" in part]
    for schema, where in [*((schema, name) for name, schema in named), *inline]:
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            pytest.fail(f"{where}: {error.message}")


def test_predictions_of_both_protocols_are_described(sound: Document) -> None:
    for path in (PREDICT, INFER):
        assert path in sound.json["paths"], path
        assert sound.body_of(path) and sound.answer_of(path, "200"), path


def test_the_models_are_named(sound: Document, models: list[str]) -> None:
    if not models:
        pytest.skip("the server lists none")
    operation = sound.json["paths"].get(PREDICT, {}).get("post", {})
    names = [one["schema"].get("enum") for one in operation.get("parameters", [])]
    assert [sorted(one or []) for one in names] == [sorted(models)]


def test_what_is_described_is_answered(server: Server, model: str, sound: Document) -> None:
    for path, operations in sound.json["paths"].items():
        if "get" in operations:
            answer = server.get(path.replace("{model_name}", model))
            assert answer.status_code == 200, f"GET {path}: {told(answer)}"


def test_requests_that_are_answered_are_allowed(
    sound: Document, examples: list[dict[str, Any]], answers: list[Any]
) -> None:
    schema = sound.body_of(PREDICT)
    for example in [*examples, *sound.examples()]:
        assert sound.why_not(schema, example) is None, f"{example}"
        assert sound.why_not(schema, {"instances": [example]}) is None
