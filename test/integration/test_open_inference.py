"""The Open Inference Protocol, over HTTP and gRPC: the V1 request and answer in a tensor."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import grpc
import pytest
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ServerReadyRequest
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from support.openinference import infer, infer_request, text_of
from support.processes import ModelServer, Wiki, call

MODEL = "enwiki-damaging"
MAX_BODY_BYTES = 1 << 20


@pytest.fixture
def server(all_models_server: ModelServer, wiki: Wiki) -> ModelServer:
    return all_models_server


def rest(server: ModelServer, request: dict[str, Any]) -> Any:
    tensor = {"name": "input", "shape": [1], "datatype": "BYTES", "data": [json.dumps(request)]}
    body = json.dumps({"id": "abc", "inputs": [tensor]}).encode()
    headers = {"Content-Type": "application/json"}
    return call(f"{server.url}/v2/models/{MODEL}/infer", body, headers)


def rpc(server: ModelServer, request: dict[str, Any], raw: bool = False, **options: Any) -> Any:
    return infer(server, infer_request(MODEL, json.dumps(request).encode(), raw=raw), **options)


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
    assert json.loads(text_of(answer)) == server.predict(MODEL, request).json


def test_bad_input_is_the_same_400_over_http(server: ModelServer) -> None:
    answer = rest(server, {"rev_id": "1"})
    assert (answer.status, answer.json) == (400, {"error": 'Expected "rev_id" to be an integer.'})


def test_bad_input_is_an_invalid_argument_over_grpc(server: ModelServer) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        rpc(server, {"rev_id": "1"})
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == 'Expected "rev_id" to be an integer.'


def test_the_server_is_ready_over_grpc(server: ModelServer) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        assert GRPCInferenceServiceStub(channel).ServerReady(ServerReadyRequest()).ready


def request_ids(server: ModelServer, rev_id: int) -> set[str]:
    return {line["request_id"] for line in server.log_lines() if line.get("rev_id") == rev_id}


@pytest.mark.parametrize(
    ("rev_id", "given", "taken_over"),
    [(81, "r-81.of:grpc/caller", True), (82, 'x" y', False), (83, "x" * 129, False)],
)
def test_the_log_lines_of_a_grpc_request_carry_its_callers_id_if_it_is_a_sane_one(
    server: ModelServer, rev_id: int, given: str, taken_over: bool
) -> None:
    with pytest.raises(grpc.RpcError):
        rpc(server, {"rev_id": rev_id}, metadata=[("x-request-id", given)])
    (logged,) = request_ids(server, rev_id)
    if taken_over:
        assert logged == given
    else:
        assert UUID(logged)


def test_grpc_requests_without_an_id_get_one_each(server: ModelServer) -> None:
    for rev_id in (84, 85):
        with pytest.raises(grpc.RpcError):
            rpc(server, {"rev_id": rev_id})
    (first,), (second,) = request_ids(server, 84), request_ids(server, 85)
    assert UUID(first) != UUID(second)


def test_a_grpc_message_is_accepted_up_to_the_cap_on_bodies_and_not_a_byte_above(
    server: ModelServer,
) -> None:
    def answer_to(size: int) -> Any:
        message = infer_request(MODEL, b" " * size, raw=True)
        message = infer_request(MODEL, b" " * (2 * size - message.ByteSize()), raw=True)
        assert message.ByteSize() == size
        with pytest.raises(grpc.RpcError) as caught:
            infer(server, message)
        return caught.value.code()

    assert answer_to(MAX_BODY_BYTES) is grpc.StatusCode.INVALID_ARGUMENT
    assert answer_to(MAX_BODY_BYTES + 1) is grpc.StatusCode.RESOURCE_EXHAUSTED
