"""The Open Inference Protocol (V2): V1 requests and their answers, each a text in a tensor.

Over HTTP as JSON, tensors beside it in binary form if the client wants; over gRPC as protobuf.
What clients send is looked at before anything is built of it. Pure functions.
https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf.message import DecodeError
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol

from liftwing_serving.errors import BadRequest, TooManyInstances
from liftwing_serving.fields import json_value

DATATYPE = "BYTES"
INPUT = "input"
OUTPUT = "output"
INPUTS = [{"name": INPUT, "datatype": DATATYPE, "shape": [-1]}]
OUTPUTS = [{"name": OUTPUT, "datatype": DATATYPE, "shape": [-1]}]

# Of a message's outermost fields, which are tensors and parameters: half a million of them, empty,
# would take 80 MB.
MAX_FIELDS = 64
MAX_DIMENSIONS = 8
MAX_VARINT_BYTES = 10
WIRE_KINDS = WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 0, 1, 2, 5

NOT_V2 = "The request is not one of the Open Inference Protocol."
NOT_ONE_TENSOR = "Expected one input tensor of datatype BYTES."
NOT_A_TEXT = "Expected the input tensor to hold V1 requests as texts."
NOT_OF_SHAPE = "Expected the input tensor to have as many elements as its shape says."

# A V1 request's text, or why it is none.
Element = bytes | BadRequest


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """V1 requests, the `elements` of a tensor of that shape, and how they are to be answered: under
    `id`, in binary form if `raw`. `model` and `version` are named by gRPC messages only.
    """

    elements: Sequence[Element]
    shape: Sequence[int]
    id: str = ""
    raw: bool = False
    model: str = ""
    version: str = ""


def read_http(body: bytes, json_length: str | None, max_elements: int) -> InferenceRequest:
    """The request that an HTTP body holds, whatever its content type says.

    `json_length` is what Inference-Header-Content-Length says: after so many bytes of JSON come
    tensors in binary form. Raises BadRequest, TooManyInstances.
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
    shape = shape if isinstance(shape, list) else []
    number = _number_of_elements(tensor.get("datatype"), shape, max_elements)
    elements: Sequence[Element]
    if "data" in tensor:
        elements = _texts(tensor["data"], number)
    else:
        size = _parameter(tensor, "binary_data_size")
        if json_length is None or not isinstance(size, int) or size < 0:
            raise BadRequest(NOT_V2)
        elements = _raw_elements(body[length : length + size], number)
    return InferenceRequest(elements, shape, request_id, _wants_binary(given))


def read_grpc(message: bytes, max_elements: int) -> InferenceRequest:
    """The request that a gRPC message holds. Raises BadRequest, TooManyInstances."""
    _check_fields(message)
    try:
        given = protocol.ModelInferRequest.FromString(message)
    except DecodeError:
        raise BadRequest(NOT_V2) from None
    if len(given.inputs) != 1 or len(given.raw_input_contents) > 1:
        raise BadRequest(NOT_ONE_TENSOR)
    (tensor,) = given.inputs
    number = _number_of_elements(tensor.datatype, tensor.shape, max_elements)
    raw = bool(given.raw_input_contents)
    elements: Sequence[bytes]
    if raw:
        if tensor.HasField("contents"):
            raise BadRequest(NOT_V2)
        elements = _raw_elements(given.raw_input_contents[0], number)
    else:
        if len(tensor.contents.bytes_contents) != number:
            raise BadRequest(NOT_OF_SHAPE)
        elements = list(tensor.contents.bytes_contents)
    shape = list(tensor.shape)
    return InferenceRequest(elements, shape, given.id, raw, given.model_name, given.model_version)


def http_answer(
    request: InferenceRequest, model: str, texts: Sequence[bytes]
) -> tuple[bytes, str | None]:
    """The V1 answers as the tensor `output`: a body, and if binary data follow the JSON its length.

    That is for the answer's Inference-Header-Content-Length.
    """
    tensor: dict[str, Any] = {"name": OUTPUT, "datatype": DATATYPE, "shape": request.shape}
    answer = {"model_name": model, "id": request.id, "outputs": [tensor]}
    if not request.raw:
        tensor["data"] = [text.decode() for text in texts]
        return orjson.dumps(answer), None
    binary = _raw(texts)
    tensor["parameters"] = {"binary_data_size": len(binary)}
    json = orjson.dumps(answer)
    return json + binary, str(len(json))


def grpc_answer(request: InferenceRequest, texts: Sequence[bytes]) -> Any:
    """The V1 answers as the tensor `output`, in the form in which the request's tensor came."""
    answer = protocol.ModelInferResponse(model_name=request.model, id=request.id)
    tensor = answer.outputs.add(name=OUTPUT, datatype=DATATYPE, shape=request.shape)
    if request.raw:
        answer.raw_output_contents.append(_raw(texts))
    else:
        tensor.contents.bytes_contents.extend(texts)
    return answer


def text_of(element: Element) -> bytes:
    """The element's text. Raises BadRequest."""
    if isinstance(element, BadRequest):
        raise element
    return element


def _number_of_elements(datatype: object, shape: Sequence[object], most: int) -> int:
    """How many elements a tensor has by its shape. Raises BadRequest, TooManyInstances."""
    if datatype != DATATYPE:
        raise BadRequest(NOT_ONE_TENSOR)
    if not 0 < len(shape) <= MAX_DIMENSIONS:
        raise BadRequest(NOT_OF_SHAPE)
    sizes = [size for size in shape if type(size) is int and size >= 0]
    if len(sizes) < len(shape):
        raise BadRequest(NOT_OF_SHAPE)
    number = math.prod(sizes)
    if number > most:
        raise TooManyInstances(most)
    return number


def _texts(data: object, number: int) -> list[Element]:
    """So many texts, in lists or alone. Raises BadRequest."""
    # One more shows that there are too many.
    texts = list(itertools.islice(_flat(data, MAX_DIMENSIONS), number + 1))
    if len(texts) != number:
        raise BadRequest(NOT_OF_SHAPE)
    return [text.encode() if isinstance(text, str) else BadRequest(NOT_A_TEXT) for text in texts]


def _flat(data: object, depth: int) -> Iterator[object]:
    """What lists in lists hold, to that depth."""
    if isinstance(data, list) and depth > 0:
        for inner in data:
            yield from _flat(inner, depth - 1)
    else:
        yield data


def _raw_elements(tensor: bytes, number: int) -> list[bytes]:
    """So many elements of a raw tensor: each one's length in 4 bytes, then itself.

    Raises BadRequest.
    """
    elements, at = [], 0
    for _ in range(number):
        begin = at + 4
        at = begin + int.from_bytes(tensor[at:begin], "little")
        if max(begin, at) > len(tensor):
            raise BadRequest(NOT_OF_SHAPE)
        elements.append(tensor[begin:at])
    if at < len(tensor):
        raise BadRequest(NOT_OF_SHAPE)
    return elements


def _raw(texts: Iterable[bytes]) -> bytes:
    """A raw tensor of these elements."""
    pieces = ((len(text).to_bytes(4, "little"), text) for text in texts)
    return b"".join(itertools.chain.from_iterable(pieces))


def _wants_binary(given: dict[str, Any]) -> bool:
    """Whether the answer is to be binary: by what is said of the output, or else of all outputs."""
    outputs = given.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict) and output.get("name") == OUTPUT:
            binary = _parameter(output, "binary_data")
            if binary is not None:
                return binary is True
    return _parameter(given, "binary_data_output") is True


def _parameter(fields: dict[str, Any], name: str) -> object:
    parameters = fields.get("parameters")
    return parameters.get(name) if isinstance(parameters, dict) else None


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
    if at < len(message) and message[at] < 0x80:
        return message[at], at + 1
    value = 0
    for index, byte in enumerate(message[at : at + MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    return value, len(message)
