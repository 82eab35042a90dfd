"""Requests of the Open Inference Protocol, well formed and otherwise."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol
from liftwing_serving.errors import BadRequest, TooManyInstances
from liftwing_serving.server import openinference
from liftwing_serving.server.openinference import (
    NOT_A_TEXT,
    NOT_OF_SHAPE,
    NOT_ONE_TENSOR,
    NOT_V2,
    InferenceRequest,
    grpc_answer,
    http_answer,
    text_of,
)

TEXT = '{"rev_id": 1}'
MOST = 8


def read_http(given: bytes, json_length: str | None = None) -> InferenceRequest:
    return openinference.read_http(given, json_length, MOST)


def read_grpc(given: bytes) -> InferenceRequest:
    return openinference.read_grpc(given, MOST)


def tensor(**fields: Any) -> dict[str, Any]:
    return {"name": "input", "shape": [1], "datatype": "BYTES", "data": [TEXT]} | fields


def body(*inputs: Any, **fields: Any) -> bytes:
    return json.dumps({"inputs": list(inputs)} | fields).encode()


def raw(*elements: bytes) -> bytes:
    return b"".join(len(element).to_bytes(4, "little") + element for element in elements)


def binary(*elements: bytes, **fields: Any) -> tuple[bytes, str]:
    """A body with a tensor of these elements in binary form, and the length of its JSON."""
    contents = raw(*elements)
    given = tensor(shape=[len(elements)], parameters={"binary_data_size": len(contents)})
    del given["data"]
    head = body(given, **fields)
    return head + contents, str(len(head))


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (tensor(), [TEXT]),
        (tensor(data=TEXT), [TEXT]),
        (tensor(data=[[TEXT]], shape=[1, 1]), [TEXT]),
        (tensor(data=[], shape=[0]), []),
        (tensor(data=["a", "b", "c"], shape=[3]), ["a", "b", "c"]),
        (tensor(data=[["a", "b"], ["c", "d"]], shape=[2, 2]), ["a", "b", "c", "d"]),
        (tensor(data=["a", "b", "c", "d"], shape=[2, 1, 2]), ["a", "b", "c", "d"]),
    ],
)
def test_the_elements_are_the_requests_in_order(given: dict[str, Any], texts: list[str]) -> None:
    request = read_http(body(given, id="abc"))
    assert (request.elements, request.id) == ([text.encode() for text in texts], "abc")
    assert request.shape == given["shape"]


@pytest.mark.parametrize("elements", [[], [TEXT.encode()], [b"", b"\xff", b"a" * 300]])
def test_a_binary_tensor_stands_behind_the_json(elements: list[bytes]) -> None:
    request = read_http(*binary(*elements))
    assert (request.elements, request.shape) == (elements, [len(elements)])


def test_an_element_that_is_no_text_is_refused_and_not_its_neighbours() -> None:
    first, second, third = read_http(body(tensor(data=["a", 1, None], shape=[3]))).elements
    assert text_of(first) == b"a"
    for element in (second, third):
        with pytest.raises(BadRequest, match=f"^{NOT_A_TEXT}$"):
            text_of(element)


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
        (body(tensor(data=[TEXT, TEXT])), NOT_OF_SHAPE),
        (body(tensor(data=[TEXT, TEXT], shape=[2, 2])), NOT_OF_SHAPE),
        (body(tensor(data=[[TEXT], [TEXT]], shape=[1])), NOT_OF_SHAPE),
        (body(tensor(shape=[2])), NOT_OF_SHAPE),
        (body(tensor(shape=[])), NOT_OF_SHAPE),
        (body(tensor(shape=1)), NOT_OF_SHAPE),
        (body(tensor(shape=[1] * 9)), NOT_OF_SHAPE),
        (body(tensor(shape=[True])), NOT_OF_SHAPE),
        (body(tensor(shape=[1.0])), NOT_OF_SHAPE),
        (body(tensor(shape=[-1, -1])), NOT_OF_SHAPE),
        (body(tensor(shape=[0])), NOT_OF_SHAPE),
        (body(tensor(data=[])), NOT_OF_SHAPE),
        (body({"datatype": "BYTES", "shape": [1]}), NOT_V2),
    ],
)
def test_what_is_no_tensor_of_texts_is_refused(given: bytes, text: str) -> None:
    with pytest.raises(BadRequest, match=f"^{text}$"):
        read_http(given)


@pytest.mark.parametrize("shape", [[9], [3, 3], [2**62, 2**62]])
def test_more_elements_than_may_be_are_refused_by_the_shape_alone(shape: list[int]) -> None:
    with pytest.raises(TooManyInstances, match="MAX_INSTANCES, 8 "):
        read_http(body(tensor(data=None, shape=shape)))
    with pytest.raises(TooManyInstances, match="MAX_INSTANCES, 8 "):
        read_grpc(message(raw_contents=(b"x",), shape=shape).SerializeToString())


def test_as_many_elements_as_may_be_are_read() -> None:
    assert len(read_http(body(tensor(data=["a"] * 8, shape=[8]))).elements) == 8


@pytest.mark.parametrize(
    ("contents", "size", "length", "text"),
    [
        (raw(b"{}"), 6, "x", NOT_V2),
        (raw(b"{}"), 6, "9" * 30, NOT_V2),
        (raw(b"{}"), "6", None, NOT_V2),
        (raw(b"{}"), -1, None, NOT_V2),
        (raw(b"{}"), 5, None, NOT_OF_SHAPE),
        (b"", 0, None, NOT_OF_SHAPE),
        (b"\1", 1, None, NOT_OF_SHAPE),
        (b"\0\0\0", 3, None, NOT_OF_SHAPE),
        (b"\xff\xff\xff\xff", 4, None, NOT_OF_SHAPE),
        (raw(b"{}", b"{}"), 12, None, NOT_OF_SHAPE),
    ],
)
def test_a_damaged_binary_tensor_is_refused(
    contents: bytes, size: object, length: str | None, text: str
) -> None:
    given = tensor(parameters={"binary_data_size": size})
    del given["data"]
    head = body(given)
    with pytest.raises(BadRequest) as caught:
        read_http(head + contents, str(len(head)) if length is None else length)
    assert caught.value.message == text


def message(*elements: bytes, raw_contents: tuple[bytes, ...] = (), shape: Any = (1,)) -> Any:
    request = protocol.ModelInferRequest(model_name="m", id="abc")
    given = request.inputs.add(name="input", shape=shape, datatype="BYTES")
    given.contents.bytes_contents.extend(elements)
    if raw_contents:
        given.ClearField("contents")
        request.raw_input_contents.extend(raw_contents)
    return request


@pytest.mark.parametrize("elements", [[], [b"{}"], [b"{}", b"", b"\xff"]])
def test_a_grpc_request_is_answered_in_the_form_in_which_it_came(elements: list[bytes]) -> None:
    shape = [1, len(elements)]
    answers = [b'{"a":%d}' % number for number in range(len(elements))]
    for asked, is_raw in (
        (message(*elements, shape=shape), False),
        (message(raw_contents=(raw(*elements),), shape=shape), True),
    ):
        request = read_grpc(asked.SerializeToString())
        assert (request.elements, request.model, request.raw) == (elements, "m", is_raw)
        answer = grpc_answer(request, answers)
        (output,) = answer.outputs
        assert (output.name, list(output.shape), answer.id) == ("output", shape, "abc")
        assert list(answer.raw_output_contents) == ([raw(*answers)] if is_raw else [])
        assert list(output.contents.bytes_contents) == ([] if is_raw else answers)


@pytest.mark.parametrize(
    "given",
    [
        message(b"{}", b"{}"),
        message(b"{}", b"{}", shape=(3,)),
        message(b"{}", shape=()),
        message(b"{}", shape=(-1,)),
        message(),
        message(raw_contents=(raw(b"{}", b"{}"),)),
        message(raw_contents=(raw(b"{}"),), shape=(2,)),
        message(raw_contents=(raw(b"{}"), raw(b"{}")), shape=(2,)),
        protocol.ModelInferRequest(),
    ],
)
def test_a_grpc_request_of_another_number_of_elements_is_refused(given: Any) -> None:
    with pytest.raises(BadRequest):
        read_grpc(given.SerializeToString())


def test_a_grpc_message_of_many_fields_is_refused() -> None:
    given, unknown = message(b"{}").SerializeToString(), b"\xf8\x07\x01"
    assert read_grpc(given + unknown).elements == [b"{}"]
    with pytest.raises(BadRequest, match=NOT_V2):
        read_grpc(given + unknown * openinference.MAX_FIELDS)


def test_an_answer_over_http_is_the_tensor_output() -> None:
    request = read_http(body(tensor(data=["a", "b"], shape=[1, 2])))
    text, json_length = http_answer(request, "m", [b'{"a":1}', '"\u00e9\\"'.encode()])
    answer = json.loads(text)
    assert (answer["model_name"], answer["id"], json_length) == ("m", "", None)
    data = ['{"a":1}', '"\u00e9\\"']
    assert answer["outputs"] == [
        {"name": "output", "shape": [1, 2], "datatype": "BYTES", "data": data}
    ]


def named(value: object, name: str = "output") -> dict[str, Any]:
    return {"name": name, "parameters": {"binary_data": value}}


@pytest.mark.parametrize(
    ("asked", "is_binary"),
    [
        ({}, False),
        ({"parameters": {"binary_data_output": True}}, True),
        ({"parameters": {"binary_data_output": "yes"}}, False),
        ({"parameters": [1], "outputs": [1, {}]}, False),
        ({"outputs": [named(True)]}, True),
        ({"outputs": [named(False)], "parameters": {"binary_data_output": True}}, False),
        ({"outputs": [{"name": "output"}], "parameters": {"binary_data_output": True}}, True),
        ({"outputs": [named(True, "other"), {"name": "output"}]}, False),
    ],
)
@pytest.mark.parametrize("texts", [[], [b"{}"], [b'{"a":1}', '"\u00e9"'.encode()]])
def test_an_answer_over_http_is_binary_for_who_asks_for_that(
    asked: dict[str, Any], is_binary: bool, texts: list[bytes]
) -> None:
    shape = [len(texts)]
    request = read_http(body(tensor(shape=shape, data=["{}"] * len(texts)), **asked))
    answer, json_length = http_answer(request, "m", texts)
    if is_binary:
        assert json_length is not None
        (output,) = json.loads(answer[: int(json_length)])["outputs"]
        assert answer[int(json_length) :] == raw(*texts)
        assert output["parameters"] == {"binary_data_size": len(raw(*texts))}
    else:
        assert json_length is None
        (output,) = json.loads(answer)["outputs"]
        assert [text.encode() for text in output["data"]] == texts
    assert output["shape"] == shape


@hypothesis.given(st.lists(st.binary(max_size=20), max_size=MOST), st.booleans())
def test_any_elements_come_through(elements: list[bytes], is_raw: bool) -> None:
    shape = [len(elements)]
    given = (
        message(raw_contents=(raw(*elements),), shape=shape)
        if is_raw
        else message(*elements, shape=shape)
    )
    assert read_grpc(given.SerializeToString()).elements == elements
    assert read_http(*binary(*elements)).elements == elements


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@hypothesis.given(JSON, JSON, JSON)
def test_any_tensor_is_read_or_refused(data: object, shape: object, other: object) -> None:
    given = tensor(data=data, shape=shape, parameters=other)
    try:
        request = read_http(body(given, outputs=other, parameters=other), "100000")
    except (BadRequest, TooManyInstances):
        return
    assert len(request.elements) <= MOST


@hypothesis.given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(given: bytes) -> None:
    for read in (read_grpc, lambda given: read_http(given, "10")):
        try:
            read(given)
        except (BadRequest, TooManyInstances):
            pass
