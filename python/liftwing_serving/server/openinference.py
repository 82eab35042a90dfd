"""The Open Inference Protocol (V2): a V1 request and its answer, each in a tensor of one text.

Over HTTP as JSON, tensors beside it in binary form if the client wants; over gRPC as protobuf.
What clients send is looked at before anything is built of it. Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf.message import DecodeError
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol

from liftwing_serving.errors import BadRequest
from liftwing_serving.fields import json_value

DATATYPE = "BYTES"
INPUT = "input"
OUTPUT = "output"
INPUTS = [{"name": INPUT, "datatype": DATATYPE, "shape": [1]}]
OUTPUTS = [{"name": OUTPUT, "datatype": DATATYPE, "shape": [1]}]

# Of a message's outermost fields, which are tensors and parameters: half a million of them, empty,
# would take 80 MB.
MAX_FIELDS = 64
MAX_DIMENSIONS = 8
MAX_VARINT_BYTES = 10
WIRE_KINDS = WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 0, 1, 2, 5

NOT_V2 = "The request is not one of the Open Inference Protocol."
NOT_ONE_TENSOR = "Expected one input tensor of datatype BYTES."
NOT_A_TEXT = "Expected the input tensor to hold a V1 request as text."
NOT_ONE_ELEMENT = "Expected the input tensor to have one element, of shape [1]."


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """A V1 request's `body` and how it came: the answer bears its `id`, and is `raw` if it was.

    `model` and `version` are named by gRPC messages only.
    """

    body: bytes
    id: str = ""
    raw: bool = False
    model: str = ""
    version: str = ""


def read_http(body: bytes, json_length: str | None) -> InferenceRequest:
    """The request that an HTTP body holds, whatever its content type says. Raises BadRequest.

    `json_length` is what Inference-Header-Content-Length says: after so many bytes of JSON come
    tensors in binary form.
    """
    length = len(body)
    if json_length is not None:
        if not json_length.isdecimal() or len(json_length) > MAX_VARINT_BYTES:
            raise BadRequest(NOT_V2)
        length = int(json_length)
    given = json_value(body[:length])
    if not isinstance(given, dict) or not isinstance(given.get("inputs"), list):
        raise BadRequest(NOT_V2)
    request_id = given.get("id") or ""
    if not isinstance(request_id, str):
        raise BadRequest(NOT_V2)
    inputs = given["inputs"]
    if len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise BadRequest(NOT_ONE_TENSOR)
    (tensor,) = inputs
    shape = tensor.get("shape")
    _check_tensor(tensor.get("datatype"), shape if isinstance(shape, list) else [])
    if "data" in tensor:
        return InferenceRequest(_only_text(tensor["data"]), request_id)
    parameters = tensor.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if json_length is None or not isinstance(size, int) or size < 0:
        raise BadRequest(NOT_V2)
    return InferenceRequest(_only_element(body[length : length + size]), request_id)


def read_grpc(message: bytes) -> InferenceRequest:
    """The request that a gRPC message holds. Raises BadRequest."""
    _check_fields(message)
    try:
        given = protocol.ModelInferRequest.FromString(message)
    except DecodeError:
        raise BadRequest(NOT_V2) from None
    if len(given.inputs) != 1 or len(given.raw_input_contents) > 1:
        raise BadRequest(NOT_ONE_TENSOR)
    (tensor,) = given.inputs
    _check_tensor(tensor.datatype, tensor.shape)
    raw = bool(given.raw_input_contents)
    if raw:
        if tensor.HasField("contents"):
            raise BadRequest(NOT_V2)
        body = _only_element(given.raw_input_contents[0])
    else:
        elements = tensor.contents.bytes_contents
        if len(elements) != 1:
            raise BadRequest(NOT_ONE_ELEMENT)
        body = elements[0]
    return InferenceRequest(body, given.id, raw, given.model_name, given.model_version)


def http_answer(request: InferenceRequest, model: str, document: dict[str, Any]) -> bytes:
    """The V1 answer as the tensor `output`."""
    tensor = {**OUTPUTS[0], "data": [orjson.dumps(document).decode()]}
    return orjson.dumps({"model_name": model, "id": request.id, "outputs": [tensor]})


def grpc_answer(request: InferenceRequest, document: dict[str, Any]) -> Any:
    """The V1 answer as the tensor `output`, in the form in which the request's tensor came."""
    text = orjson.dumps(document)
    answer = protocol.ModelInferResponse(model_name=request.model, id=request.id)
    tensor = answer.outputs.add(**OUTPUTS[0])
    if request.raw:
        answer.raw_output_contents.append(len(text).to_bytes(4, "little") + text)
    else:
        tensor.contents.bytes_contents.append(text)
    return answer


def _check_tensor(datatype: object, shape: Sequence[object]) -> None:
    """Raises BadRequest unless it may hold one text."""
    if datatype != DATATYPE:
        raise BadRequest(NOT_ONE_TENSOR)
    if not 0 < len(shape) <= MAX_DIMENSIONS or any(size != 1 for size in shape):
        raise BadRequest(NOT_ONE_ELEMENT)


def _only_text(data: object) -> bytes:
    """The text in lists of one element each. Raises BadRequest."""
    for _ in range(MAX_DIMENSIONS):
        if not isinstance(data, list):
            break
        if len(data) != 1:
            raise BadRequest(NOT_ONE_ELEMENT)
        (data,) = data
    if not isinstance(data, str):
        raise BadRequest(NOT_A_TEXT)
    return data.encode()


def _only_element(tensor: bytes) -> bytes:
    """The element of a raw tensor: its length in 4 bytes, then itself. Raises BadRequest."""
    length = int.from_bytes(tensor[:4], "little")
    if len(tensor) < 4 or len(tensor) < 4 + length:
        raise BadRequest(NOT_A_TEXT)
    if len(tensor) > 4 + length:
        raise BadRequest(NOT_ONE_ELEMENT)
    return tensor[4:]


def _check_fields(message: bytes) -> None:
    """Raises BadRequest if a message has more outermost fields than a request could."""
    at = count = 0
    while at < len(message):
        count += 1
        tag, at = _varint(message, at)
        kind = tag & 7
        if count > MAX_FIELDS or kind not in WIRE_KINDS:
            raise BadRequest(NOT_V2)
        if kind == WIRE_BYTES:
            length, at = _varint(message, at)
            at += length
        elif kind == WIRE_VARINT:
            _, at = _varint(message, at)
        else:
            at += 8 if kind == WIRE_FIXED64 else 4


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = 0
    for index, byte in enumerate(message[at : at + MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    return value, len(message)
