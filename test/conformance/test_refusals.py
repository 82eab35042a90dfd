"""What a server cannot answer it refuses, with the right status and in one form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conformance.asking import Answer, Server, error_of, told
from conformance.document import Document, Schema

NOT_JSON_DICT = "Please verify that request input is a json dict"
NOT_JSON_DICTS: dict[str, bytes] = {
    "nothing": b"",
    "half of it": b"{",
    "a list": b"[1]",
    "a text": b'"x"',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "invalid UTF-8": b'{"lang": "\xff"}',
    "no JSON": b"rev_id=1",
}
HOSTILE: dict[str, bytes] = {
    "deep lists": b"[" * 500_000,
    "deep objects": b'{"a":' * 100_000,
    "many lists": b'{"instances": [' + b"[]," * 300_000 + b"[]]}",
    "a long number": b'{"rev_id": ' + b"9" * 500_000 + b"}",
}
# A field that is read only if this one is not there.
INSTEAD_OF = {"wiki_id": "lang", "page_id": "page_title"}
WRONG: dict[str, list[Any]] = {
    "integer": ["1", True, 1.0, [], {}, None],
    "number": ["0.5", True, [], None],
    "boolean": ["true", 1, None],
    "string": [1, [], {}, None],
    "object": ["x", 1, [], None],
    "array": ["x", 1, {}, None],
}


def wrong_values(schema: Schema) -> Iterator[Any]:
    """Values of other types than a field's, and integers that are too small or too large."""
    if isinstance(schema.get("type"), str):
        yield from WRONG.get(schema["type"], [])
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maximum" in schema:
        yield schema["maximum"] + 1


def refusal(server: Server, model: str, what: str) -> tuple[Answer, int]:
    """A refusal of one kind or another, and the status it should have."""
    match what:
        case "a wrong request":
            return server.predict(model, {}), 400
        case "a wrong V2 request":
            return server.infer(model, {}), 400
        case "an unknown model":
            return server.predict("none", {}), 404
        case "an unknown path":
            return server.get("/none"), 404
        case "a path that is not offered":
            return server.post(f"/v1/models/{model}:explain", {}), 404
        case "a wrong method":
            return server.post("/v1/models", {}), 405
    raise ValueError(what)


KINDS = [
    "a wrong request",
    "a wrong V2 request",
    "an unknown model",
    "an unknown path",
    "a path that is not offered",
    "a wrong method",
]


@pytest.mark.parametrize("what", KINDS)
def test_every_refusal_is_an_object_with_the_error_as_a_text(
    server: Server, model: str, what: str
) -> None:
    answer, status = refusal(server, model, what)
    text = error_of(answer, status)
    assert list(answer.json()) == ["error"]
    assert text and "Traceback" not in text, told(answer)


@pytest.mark.parametrize("what", NOT_JSON_DICTS)
def test_a_body_that_is_no_json_object_is_refused(server: Server, model: str, what: str) -> None:
    assert error_of(server.predict(model, NOT_JSON_DICTS[what]), 400) == NOT_JSON_DICT


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_body_is_refused_and_the_server_lives_on(
    server: Server, model: str, what: str
) -> None:
    answer = server.predict(model, HOSTILE[what])
    assert answer.status_code in (400, 413), told(answer)
    assert server.get("/v2/health/live").status_code == 200


def test_a_field_of_a_wrong_type_is_refused(
    server: Server, model: str, example: dict[str, Any], answer: Any, document: Document
) -> None:
    accepted = []
    for name, schema in document.fields().items():
        # An event overrides what is beside it.
        left = {"event", INSTEAD_OF.get(name)} - {name}
        request = {key: value for key, value in example.items() if key not in left}
        for value in wrong_values(schema):
            given = server.predict(model, {**request, name: value})
            if given.status_code != 400:
                accepted.append(f"{name}={value!r} is answered with {told(given)}")
    assert accepted == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/none:predict"),
        ("POST", "/v2/models/none/infer"),
        ("GET", "/v1/models/none"),
        ("GET", "/v2/models/none"),
        ("GET", "/v2/models/none/ready"),
    ],
)
def test_an_unknown_model_is_not_found(server: Server, method: str, path: str) -> None:
    answer = server.call(method, path, content=_body(path) if method == "POST" else None)
    assert answer.status_code == 404, told(answer)


def _body(path: str) -> bytes:
    if path.endswith(":predict"):
        return b"{}"
    return b'{"inputs": [{"name": "input", "datatype": "BYTES", "shape": [1], "data": ["{}"]}]}'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/{}:explain"),
        ("GET", "/v2/models/{}/versions/1"),
        ("POST", "/v2/models/{}/versions/1/infer"),
        ("POST", "/v2/repository/index"),
        ("POST", "/v2/repository/models/{}/load"),
        ("POST", "/v2/repository/models/{}/unload"),
    ],
)
def test_what_is_not_offered_is_not_found(
    server: Server, model: str, method: str, path: str
) -> None:
    answer = server.call(method, path.format(model))
    assert answer.status_code == 404, told(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_method_that_a_path_does_not_have_is_refused(server: Server, method: str) -> None:
    answer = server.call(method, "/v1/models")
    assert answer.status_code == 405, told(answer)
    assert "GET" in answer.headers.get("allow", ""), "the answer does not tell which it has"
