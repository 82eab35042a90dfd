"""V2, the Open Inference Protocol, over HTTP: V1 requests as the texts of a tensor."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conformance.asking import Server, error_of, json_of, told

LENGTH = "inference-header-content-length"


def request_of(requests: list[Any], shape: list[int] | None = None, **more: Any) -> dict[str, Any]:
    """These V1 requests as a V2 request."""
    data = [json.dumps(request) for request in requests]
    tensor = {"name": "input", "datatype": "BYTES", "shape": shape or [len(data)], "data": data}
    return {"inputs": [tensor], **more}


def tensor_of(server: Server, model: str, request: dict[str, Any]) -> dict[str, Any]:
    """The only tensor of the answer."""
    answer = server.infer(model, request)
    assert answer.status_code == 200, told(answer)
    document = json_of(answer)
    assert document["model_name"] == model
    (tensor,) = document["outputs"]
    assert (tensor["name"], tensor["datatype"]) == ("output", "BYTES")
    return dict(tensor)


def documents_in(tensor: dict[str, Any]) -> list[Any]:
    return [json.loads(text) for text in tensor["data"]]


def test_an_element_is_answered_as_in_v1(
    server: Server, model: str, examples: list[dict[str, Any]], answers: list[Any]
) -> None:
    for example, answer in zip(examples, answers, strict=True):
        assert documents_in(tensor_of(server, model, request_of([example]))) == [answer]


def test_the_tensors_shape_and_the_requests_id_come_back(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    request = request_of([example, example], [2, 1], id="an id")
    given = server.infer(model, request).json()
    assert given["id"] == "an id"
    assert given["outputs"][0]["shape"] == [2, 1]


def test_a_bad_element_is_told_in_its_place_and_harms_no_other(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    tensor = tensor_of(server, model, request_of([example, {}, example]))
    first, bad, third = documents_in(tensor)
    assert [first, third] == [answer, answer]
    assert bad["error"]["code"] == 400 and isinstance(bad["error"]["message"], str)


def test_a_bad_element_alone_is_refused_as_in_v1(server: Server, model: str) -> None:
    in_v1 = error_of(server.predict(model, {}), 400)
    assert error_of(server.infer(model, request_of([{}])), 400) == in_v1


def test_an_element_may_hold_instances(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    tensor = tensor_of(server, model, request_of([{"instances": [example, example]}]))
    assert documents_in(tensor) == [{"predictions": [answer, answer]}]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"inputs": {}},
        {"inputs": []},
        {"inputs": [{"name": "input", "datatype": "FP32", "shape": [1], "data": [1]}]},
        {"inputs": [{"name": "input", "datatype": "BYTES", "shape": [2], "data": ["{}"]}]},
        {"inputs": [{"name": "input", "datatype": "BYTES", "shape": [-1], "data": ["{}"]}]},
        {"inputs": [{"name": "input", "datatype": "BYTES", "data": ["{}"]}]},
        {"inputs": [{"name": "input", "datatype": "BYTES", "shape": [1], "data": [1]}]},
        {"inputs": [{"name": "input", "datatype": "BYTES", "shape": [1], "data": ["{"]}]},
    ],
    ids=json.dumps,
)
def test_what_is_no_v2_request_is_refused(
    server: Server, model: str, wrong: dict[str, Any]
) -> None:
    answer = server.infer(model, wrong)
    assert answer.status_code == 400, told(answer)


def test_a_v2_body_is_read_whatever_its_content_type(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    body = json.dumps(request_of([example])).encode()
    given = server.infer(model, body, {"Content-Type": "text/plain"})
    assert given.status_code == 200, told(given)


def test_tensors_may_be_binary(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    element = json.dumps(example).encode()
    binary = len(element).to_bytes(4, "little") + element
    tensor = {"name": "input", "datatype": "BYTES", "shape": [1]}
    parameters = {"binary_data_size": len(binary)}
    request = {"inputs": [{**tensor, "parameters": parameters}]}
    head = json.dumps({**request, "parameters": {"binary_data_output": True}}).encode()
    given = server.infer(model, head + binary, {LENGTH: str(len(head))})
    assert given.status_code == 200, told(given)
    length = int(given.headers.get(LENGTH, 0))
    assert length, f"the answer has no {LENGTH}"
    (output,) = json.loads(given.content[:length])["outputs"]
    answered = given.content[length:]
    assert output["parameters"]["binary_data_size"] == len(answered)
    assert int.from_bytes(answered[:4], "little") == len(answered) - 4
    assert json.loads(answered[4:]) == answer
