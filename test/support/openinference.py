"""Calls of the Open Inference Protocol over gRPC."""

from __future__ import annotations

import json
from typing import Any

import grpc
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from support.processes import ModelServer


def infer_request(model: str, text: bytes, raw: bool = False) -> ModelInferRequest:
    """A V1 request's text as the only element of a tensor; raw ones stand beside the tensors."""
    message = ModelInferRequest(model_name=model, id="abc")
    tensor = message.inputs.add(name="input", shape=[1], datatype="BYTES")
    if raw:
        message.raw_input_contents.append(len(text).to_bytes(4, "little") + text)
    else:
        tensor.contents.bytes_contents.append(text)
    return message


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
    if answer.raw_output_contents:
        return bytes(answer.raw_output_contents[0][4:])
    (tensor,) = answer.outputs
    return bytes(tensor.contents.bytes_contents[0])
