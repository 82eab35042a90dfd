"""Calls of the Open Inference Protocol over gRPC."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from support.processes import ModelServer


def infer_request(model: str, *texts: bytes, raw: bool = False) -> ModelInferRequest:
    """V1 requests' texts as the elements of a tensor; raw ones stand beside the tensors."""
    message = ModelInferRequest(model_name=model, id="abc")
    tensor = message.inputs.add(name="input", shape=[len(texts)], datatype="BYTES")
    if raw:
        message.raw_input_contents.append(raw_tensor(texts))
    else:
        tensor.contents.bytes_contents.extend(texts)
    return message


def raw_tensor(texts: Iterable[bytes]) -> bytes:
    """A tensor in binary form."""
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def elements(tensor: bytes) -> Iterator[bytes]:
    """The elements of a tensor in binary form."""
    while tensor:
        end = 4 + int.from_bytes(tensor[:4], "little")
        yield tensor[4:end]
        tensor = tensor[end:]


def infer(server: ModelServer, message: ModelInferRequest, **options: Any) -> Any:
    """The answer, with gRPC's own options of a call; raises grpc.RpcError."""
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        return GRPCInferenceServiceStub(channel).ModelInfer(message, **{"timeout": 60} | options)


def predict(server: ModelServer, model: str, request: dict[str, Any]) -> Any:
    """The V1 answer to a V1 request."""
    answer = infer(server, infer_request(model, json.dumps(request).encode()))
    return json.loads(text_of(answer))


def text_of(answer: Any) -> bytes:
    """The only element of the answer's only tensor."""
    (text,) = texts_of(answer)
    return text


def texts_of(answer: Any) -> list[bytes]:
    """The elements of the answer's only tensor."""
    (tensor,) = answer.outputs
    if answer.raw_output_contents:
        return list(elements(answer.raw_output_contents[0]))
    return list(tensor.contents.bytes_contents)
