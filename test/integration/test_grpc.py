"""gRPC as its tools and Kubernetes use it, and what both doors of the protocol say alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue, UInt32Value
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from support.openinference import infer, infer_request, text_of
from support.processes import ROOT, ModelServer, call, wait_until

TOY = ROOT / "test/support/toy.py"
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
QUESTION = json.dumps({"number": 21})


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("toy") / "server.log"
    server = ModelServer(log, {}, program=TOY)
    yield server
    assert server.close() == 0, log.read_text()


@pytest.fixture
def loading(tmp_path: Any) -> Iterator[ModelServer]:
    server = ModelServer(tmp_path / "log", {"TOY_LOADS": "600"}, wait=False, program=TOY)
    wait_until(lambda: "loading" in server.log.read_text(), 60, "it loads")
    yield server
    server.close()


def outcome(server: ModelServer, ask: Callable[[Any], Any]) -> Any:
    """What is returned, or the code of the error."""
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        try:
            return ask(channel)
        except grpc.RpcError as error:
            return error.code()


def stub(server: ModelServer, method: str, request: Any) -> Any:
    return outcome(
        server, lambda channel: getattr(GRPCInferenceServiceStub(channel), method)(request)
    )


def health(server: ModelServer, service: str = "") -> Any:
    def check(channel: Any) -> int:
        ask = channel.unary_unary(
            "/grpc.health.v1.Health/Check", StringValue.SerializeToString, UInt32Value.FromString
        )
        status: int = ask(StringValue(value=service)).value
        return status

    return outcome(server, check)


def test_a_request_while_loading_is_unavailable_and_no_defect(loading: ModelServer) -> None:
    request = infer_request("toy", QUESTION.encode())
    assert stub(loading, "ModelInfer", request) is grpc.StatusCode.UNAVAILABLE
    metadata = protocol.ModelMetadataRequest(name="toy")
    assert stub(loading, "ModelMetadata", metadata) is grpc.StatusCode.UNAVAILABLE
    assert call(f"{loading.url}/v2/models/toy").status == 503
    assert loading.predict("toy", {"number": 1}).status == 503
    of_route = call(f"{loading.url}/v1/doubles", b"{}")
    assert (of_route.status, of_route.json["error"]) == (
        503,
        "Model with name /v1/doubles is not ready.",
    )
    assert (health(loading), health(loading, "toy")) == (NOT_SERVING, NOT_SERVING)
    assert "traceback" not in loading.log.read_text().lower()


def test_an_unknown_model_is_not_found_and_no_traceback_is_logged(toy: ModelServer) -> None:
    request = infer_request("other", QUESTION.encode())
    assert stub(toy, "ModelInfer", request) is grpc.StatusCode.NOT_FOUND
    assert "traceback" not in toy.log.read_text().lower()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({"timeout": None}, 30),
        ({"timeout": 600}, 30),
        ({"timeout": 20}, 20),
        ({"timeout": 20, "metadata": [("x-request-timeout", "10")]}, 10),
        ({"timeout": None, "metadata": [("x-request-timeout", "10")]}, 10),
    ],
)
def test_a_request_has_as_long_as_its_caller_waits(
    toy: ModelServer, said: dict[str, Any], seconds: float
) -> None:
    answer = infer(toy, infer_request("toy", b'{"number": 98}'), **said)
    assert -3 < json.loads(text_of(answer))["seconds"] - seconds < 0.5


def test_loading_and_unloading_are_unimplemented(toy: ModelServer) -> None:
    for name in ("RepositoryModelLoad", "RepositoryModelUnload"):
        request = getattr(protocol, f"{name}Request")(model_name="toy")
        assert stub(toy, name, request) is grpc.StatusCode.UNIMPLEMENTED
    assert "traceback" not in toy.log.read_text().lower()
    assert toy.predict("toy", {"number": 1}).status == 200


def test_a_version_of_a_model_is_not_found_by_http_and_by_grpc(toy: ModelServer) -> None:
    assert call(f"{toy.url}/v2/models/toy/versions/1/ready").status == 404
    ready = protocol.ModelReadyRequest(name="toy", version="1")
    assert stub(toy, "ModelReady", ready) is grpc.StatusCode.NOT_FOUND
    assert stub(toy, "ModelReady", protocol.ModelReadyRequest(name="toy")).ready
    metadata = protocol.ModelMetadataRequest(name="toy", version="1")
    assert stub(toy, "ModelMetadata", metadata) is grpc.StatusCode.NOT_FOUND
    request = infer_request("toy", QUESTION.encode())
    request.model_version = "1"
    assert stub(toy, "ModelInfer", request) is grpc.StatusCode.NOT_FOUND


def test_health_checking_tells_of_the_server_and_of_each_model(toy: ModelServer) -> None:
    for service in ("", "inference.GRPCInferenceService", "toy"):
        assert health(toy, service) == SERVING
    assert health(toy, "other") is grpc.StatusCode.NOT_FOUND


def test_whoever_watches_health_is_told_at_once_and_of_each_change(toy: ModelServer) -> None:
    def first(service: str) -> Callable[[Any], int]:
        def watch(channel: Any) -> int:
            ask = channel.unary_stream(
                "/grpc.health.v1.Health/Watch",
                StringValue.SerializeToString,
                UInt32Value.FromString,
            )
            status: int = next(ask(StringValue(value=service), timeout=60)).value
            return status

        return watch

    assert outcome(toy, first("toy")) == SERVING
    assert outcome(toy, first("other")) == SERVICE_UNKNOWN


def test_who_watches_health_does_not_keep_a_server_from_stopping(tmp_path: Any) -> None:
    server = ModelServer(tmp_path / "log", {"SHUTDOWN_GRACE_SECONDS": "600"}, program=TOY)
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        watch = channel.unary_stream(
            "/grpc.health.v1.Health/Watch", StringValue.SerializeToString, UInt32Value.FromString
        )(StringValue())
        assert next(watch).value == SERVING
        server.process.terminate()
        assert server.process.wait(60) == 0


@pytest.mark.parametrize("raw", [False, True])
def test_a_raw_tensor_is_answered_raw_and_another_is_not(toy: ModelServer, raw: bool) -> None:
    answer = infer(toy, infer_request("toy", QUESTION.encode(), raw=raw))
    assert len(answer.raw_output_contents) == raw
    assert len(answer.outputs[0].contents.bytes_contents) == (not raw)


def tensor(*texts: str) -> dict[str, Any]:
    shape = [len(texts)]
    return {"name": "input", "shape": shape, "datatype": "BYTES", "data": list(texts)}


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_is_json_whatever_its_content_type_says(
    toy: ModelServer, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {"Content-Type": ""}
    body = json.dumps({"inputs": [tensor(QUESTION)]}).encode()
    answer = call(f"{toy.url}/v2/models/toy/infer", body, headers)
    assert (answer.status, answer.json["outputs"][0]["data"]) == (200, ['{"double":42}'])


def test_binary_tensors_that_the_headers_announce_are_read(toy: ModelServer) -> None:
    text = QUESTION.encode()
    given = tensor(QUESTION) | {"parameters": {"binary_data_size": 4 + len(text)}}
    del given["data"]
    head = json.dumps({"inputs": [given]}).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(head)),
    }
    body = head + len(text).to_bytes(4, "little") + text
    answer = call(f"{toy.url}/v2/models/toy/infer", body, headers)
    assert (answer.status, answer.json["outputs"][0]["data"]) == (200, ['{"double":42}'])


def test_an_element_that_the_shape_does_not_tell_of_is_refused_and_not_dropped(
    toy: ModelServer,
) -> None:
    given = tensor(QUESTION, QUESTION) | {"shape": [1]}
    body = json.dumps({"inputs": [given]}).encode()
    assert call(f"{toy.url}/v2/models/toy/infer", body).status == 400
    request = infer_request("toy", QUESTION.encode())
    request.inputs[0].contents.bytes_contents.append(QUESTION.encode())
    assert stub(toy, "ModelInfer", request) is grpc.StatusCode.INVALID_ARGUMENT


def test_metadata_says_what_there_is(toy: ModelServer) -> None:
    given = {"name": "input", "datatype": "BYTES", "shape": [-1]}
    expected = {"name": "toy", "platform": "arithmetic", "inputs": [given]}
    expected["outputs"] = [given | {"name": "output"}]
    assert call(f"{toy.url}/v2/models/toy").json == expected
    by_grpc = stub(toy, "ModelMetadata", protocol.ModelMetadataRequest(name="toy"))
    (of_input,), (of_output,) = by_grpc.inputs, by_grpc.outputs
    assert (by_grpc.platform, of_input.name, of_output.name) == ("arithmetic", "input", "output")
    assert (of_input.datatype, list(of_input.shape)) == ("BYTES", [-1])
    assert call(f"{toy.url}/v2").json["extensions"] == []
    assert not stub(toy, "ServerMetadata", protocol.ServerMetadataRequest()).extensions
