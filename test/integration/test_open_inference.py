"""The Open Inference Protocol, over HTTP and gRPC: the V1 request and answer in a tensor."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import grpc
import pytest
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest, ServerReadyRequest
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from support.processes import ModelServer, Wiki, call

MODEL = "enwiki-damaging"


@pytest.fixture
def server(all_models_server: ModelServer, wiki: Wiki) -> ModelServer:
    return all_models_server


def rest(server: ModelServer, request: dict[str, Any]) -> Any:
    tensor = {"name": "input", "shape": [1], "datatype": "BYTES", "data": [json.dumps(request)]}
    body = json.dumps({"id": "abc", "inputs": [tensor]}).encode()
    headers = {"Content-Type": "application/json"}
    return call(f"{server.url}/v2/models/{MODEL}/infer", body, headers)


def rpc(server: ModelServer, request: dict[str, Any], raw: bool) -> Any:
    message = ModelInferRequest(model_name=MODEL, id="abc")
    tensor = message.inputs.add(name="input", shape=[1], datatype="BYTES")
    text = json.dumps(request).encode()
    if raw:
        message.raw_input_contents.append(len(text).to_bytes(4, "little") + text)
    else:
        tensor.contents.bytes_contents.append(text)

    async def infer() -> Any:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            return await GRPCInferenceServiceStub(channel).ModelInfer(message)

    return asyncio.run(infer())


def test_an_http_request_gets_the_v1_answer_in_a_tensor(
    server: ModelServer, nasty: dict[str, list[int]]
) -> None:
    request = {"rev_id": nasty["ordinary"][0], "extended_output": True}
    answer = rest(server, request)
    assert answer.status == 200, answer.body
    (tensor,) = answer.json["outputs"]
    assert (tensor["name"], tensor["shape"], tensor["datatype"]) == ("output", [1], "BYTES")
    assert json.loads(tensor["data"][0]) == server.predict(MODEL, request).json
    assert answer.json["id"] == "abc"


@pytest.mark.parametrize("raw", [False, True])
def test_a_grpc_request_gets_the_v1_answer_in_a_tensor(
    server: ModelServer, nasty: dict[str, list[int]], raw: bool
) -> None:
    request = {"rev_id": nasty["ordinary"][0]}
    answer = rpc(server, request, raw)
    (tensor,) = answer.outputs
    assert (tensor.name, list(tensor.shape), tensor.datatype) == ("output", [1], "BYTES")
    if answer.raw_output_contents:
        content = answer.raw_output_contents[0][4:]
    else:
        content = tensor.contents.bytes_contents[0]
    assert json.loads(content) == server.predict(MODEL, request).json


def test_bad_input_is_the_same_400_over_http(server: ModelServer) -> None:
    answer = rest(server, {"rev_id": "1"})
    assert (answer.status, answer.json) == (400, {"error": 'Expected "rev_id" to be an integer.'})


def test_bad_input_is_an_invalid_argument_over_grpc(server: ModelServer) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        rpc(server, {"rev_id": "1"}, raw=False)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == 'Expected "rev_id" to be an integer.'


def test_the_server_is_ready_over_grpc(server: ModelServer) -> None:
    async def ready() -> bool:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            answer = await GRPCInferenceServiceStub(channel).ServerReady(ServerReadyRequest())
            return bool(answer.ready)

    assert asyncio.run(ready())
