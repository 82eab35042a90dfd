"""Requests of the Open Inference Protocol, well formed and otherwise."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol
from liftwing_serving.errors import BadRequest
from liftwing_serving.server.openinference import (
    NOT_A_TEXT,
    NOT_ONE_ELEMENT,
    NOT_ONE_TENSOR,
    NOT_V2,
    grpc_answer,
    http_answer,
    read_grpc,
    read_http,
)

TEXT = '{"rev_id": 1}'


def tensor(**fields: Any) -> dict[str, Any]:
    return {"name": "input", "shape": [1], "datatype": "BYTES", "data": [TEXT]} | fields


def body(*inputs: Any, **fields: Any) -> bytes:
    return json.dumps({"inputs": list(inputs)} | fields).encode()


def raw(*elements: bytes) -> bytes:
    return b"".join(len(element).to_bytes(4, "little") + element for element in elements)


@pytest.mark.parametrize(
    "given", [tensor(), tensor(data=[[TEXT]], shape=[1, 1]), tensor(data=TEXT, parameters={})]
)
def test_the_only_element_is_the_request(given: dict[str, Any]) -> None:
    request = read_http(body(given, id="abc"), None)
    assert (request.body, request.id) == (TEXT.encode(), "abc")


def test_a_binary_tensor_stands_behind_the_json() -> None:
    given = tensor(parameters={"binary_data_size": 4 + len(TEXT)})
    del given["data"]
    head = body(given)
    assert read_http(head + raw(TEXT.encode()), str(len(head))).body == TEXT.encode()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (b"", NOT_V2),
        (b"[]", NOT_V2),
        (b"{}", NOT_V2),
        (b'{"inputs": {}}', NOT_V2),
        (body(tensor(), id=1), NOT_V2),
        (body(), NOT_ONE_TENSOR),
        (body(1), NOT_ONE_TENSOR),
        (body(tensor(), tensor()), NOT_ONE_TENSOR),
        (body(tensor(datatype="INT32")), NOT_ONE_TENSOR),
        (body(tensor(datatype=["BYTES"])), NOT_ONE_TENSOR),
        (body(tensor(data=[TEXT, TEXT], shape=[2])), NOT_ONE_ELEMENT),
        (body(tensor(data=[TEXT, TEXT])), NOT_ONE_ELEMENT),
        (body(tensor(shape=[2])), NOT_ONE_ELEMENT),
        (body(tensor(shape=[])), NOT_ONE_ELEMENT),
        (body(tensor(shape=1)), NOT_ONE_ELEMENT),
        (body(tensor(shape=[1] * 9)), NOT_ONE_ELEMENT),
        (body(tensor(data=[])), NOT_ONE_ELEMENT),
        (body(tensor(data=[1])), NOT_A_TEXT),
        (body(tensor(data=None)), NOT_A_TEXT),
        (body({"datatype": "BYTES", "shape": [1]}), NOT_V2),
    ],
)
def test_what_is_not_one_text_is_refused(given: bytes, text: str) -> None:
    with pytest.raises(BadRequest, match=f"^{text}$".replace("[", r"\[")):
        read_http(given, None)


@pytest.mark.parametrize(
    ("binary", "size", "length", "text"),
    [
        (raw(b"{}"), 6, "x", NOT_V2),
        (raw(b"{}"), 6, "9" * 30, NOT_V2),
        (raw(b"{}"), "6", None, NOT_V2),
        (raw(b"{}"), -1, None, NOT_V2),
        (raw(b"{}"), 5, None, NOT_A_TEXT),
        (b"\1", 1, None, NOT_A_TEXT),
        (b"\xff\xff\xff\xff", 4, None, NOT_A_TEXT),
        (raw(b"{}", b"{}"), 12, None, NOT_ONE_ELEMENT),
    ],
)
def test_a_damaged_binary_tensor_is_refused(
    binary: bytes, size: object, length: str | None, text: str
) -> None:
    given = tensor(parameters={"binary_data_size": size})
    del given["data"]
    head = body(given)
    with pytest.raises(BadRequest) as caught:
        read_http(head + binary, str(len(head)) if length is None else length)
    assert caught.value.message == text


def message(*elements: bytes, raw_contents: tuple[bytes, ...] = (), shape: Any = (1,)) -> Any:
    request = protocol.ModelInferRequest(model_name="m", id="abc")
    given = request.inputs.add(name="input", shape=shape, datatype="BYTES")
    given.contents.bytes_contents.extend(elements)
    if raw_contents:
        given.ClearField("contents")
        request.raw_input_contents.extend(raw_contents)
    return request


def test_a_grpc_request_is_answered_in_the_form_in_which_it_came() -> None:
    for asked, is_raw in ((message(b"{}"), False), (message(raw_contents=(raw(b"{}"),)), True)):
        request = read_grpc(asked.SerializeToString())
        assert (request.body, request.model, request.raw) == (b"{}", "m", is_raw)
        answer = grpc_answer(request, {"a": 1})
        (output,) = answer.outputs
        assert (output.name, list(output.shape), answer.id) == ("output", [1], "abc")
        assert list(answer.raw_output_contents) == ([raw(b'{"a":1}')] if is_raw else [])
        assert list(output.contents.bytes_contents) == ([] if is_raw else [b'{"a":1}'])


@pytest.mark.parametrize(
    "given",
    [
        message(b"{}", b"{}", shape=(2,)),
        message(),
        message(raw_contents=(raw(b"{}", b"{}"),)),
        message(raw_contents=(raw(b"{}"), raw(b"{}"))),
        protocol.ModelInferRequest(),
    ],
)
def test_a_grpc_request_of_another_number_of_elements_is_refused(given: Any) -> None:
    with pytest.raises(BadRequest):
        read_grpc(given.SerializeToString())


def test_an_answer_over_http_is_the_tensor_output() -> None:
    request = read_http(body(tensor()), None)
    answer = json.loads(http_answer(request, "m", {"a": 1}))
    assert (answer["model_name"], answer["id"]) == ("m", "")
    (output,) = answer["outputs"]
    assert output == {"name": "output", "shape": [1], "datatype": "BYTES", "data": ['{"a":1}']}


@hypothesis.given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(given: bytes) -> None:
    for read in (read_grpc, lambda given: read_http(given, "10")):
        try:
            read(given)
        except BadRequest:
            pass
