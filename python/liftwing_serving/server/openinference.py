"""The Open Inference Protocol (V2): a V1 request and its answer, each as text in a tensor.

https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

from typing import Any

import orjson
from kserve import InferOutput, InferRequest, InferResponse

from liftwing_serving.errors import BadRequest

DATATYPE = "BYTES"
OUTPUT = "output"


def body_of(request: InferRequest) -> bytes:
    """The V1 request, in JSON: element 0 of the one BYTES tensor. Raises BadRequest."""
    if len(request.inputs) != 1 or request.inputs[0].datatype != DATATYPE:
        raise BadRequest("Expected one input tensor of datatype BYTES.")
    try:
        element = request.inputs[0].as_numpy().flatten()[0]
    except Exception:
        # KServe unpacks tensors before it has looked at them, so anything may go wrong.
        raise BadRequest("Expected the input tensor to hold a V1 request as text.") from None
    if isinstance(element, bytes):
        return element
    if isinstance(element, str):
        return element.encode("utf-8", "surrogatepass")
    raise BadRequest("Expected the input tensor to hold a V1 request as text.")


def response_to(request: InferRequest, model: str, answer: dict[str, Any]) -> InferResponse:
    """The V1 answer as the tensor `output` of shape [1]."""
    tensor = InferOutput(OUTPUT, [1], DATATYPE, data=[_text(request, answer)])
    return InferResponse(request.id or "", model, [tensor])


def _text(request: InferRequest, answer: dict[str, Any]) -> bytes | str:
    body = orjson.dumps(answer)
    return body if request.from_grpc else body.decode()
