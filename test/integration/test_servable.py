"""What a family gets for a coroutine: both protocols and every error answer of the contract.

`support/toy.py` is such a family, of twenty lines, without a wiki and without workers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from support import openinference
from support.processes import ROOT, ModelServer, call

SECONDS = 1
CAP = 5000


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    settings = {
        "REQUEST_DEADLINE_SECONDS": str(SECONDS),
        "MAX_BODY_BYTES": str(CAP),
        "LOG_JSON_PAYLOAD": "yes",
    }
    log = tmp_path_factory.mktemp("toy") / "server.log"
    server = ModelServer(log, settings, program=ROOT / "test/support/toy.py")
    yield server
    assert server.close() == 0, log.read_text()


def by_v1(toy: ModelServer, request: Any, name: str = "toy") -> tuple[int, Any]:
    answer = toy.predict(name, request)
    return answer.status, answer.json


def by_v2(toy: ModelServer, request: Any, name: str = "toy") -> tuple[int, Any]:
    text = request.decode() if isinstance(request, bytes) else json.dumps(request)
    tensor = {"name": "input", "shape": [1], "datatype": "BYTES", "data": [text]}
    body = json.dumps({"inputs": [tensor]}).encode()
    headers = {"Content-Type": "application/json"}
    answer = call(f"{toy.url}/v2/models/{name}/infer", body, headers)
    if answer.status == 200:
        return 200, json.loads(answer.json["outputs"][0]["data"][0])
    return answer.status, answer.json


def by_grpc(toy: ModelServer, request: Any, name: str = "toy") -> tuple[Any, Any]:
    text = request if isinstance(request, bytes) else json.dumps(request).encode()
    try:
        answer = openinference.infer(toy, openinference.infer_request(name, text))
    except grpc.RpcError as error:
        return error.code(), {"error": error.details()}
    return 200, json.loads(openinference.text_of(answer))


HTTP = (by_v1, by_v2)
GRPC_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
}
MISSING = (
    "The MW API does not have any info related to the rev-id provided as input (12345), therefore "
    "it is not possible to extract features properly. One possible cause is the deletion of the "
    "page related to the revision id."
)


@pytest.mark.parametrize("ask", [*HTTP, by_grpc])
def test_a_request_is_answered_in_each_protocol(toy: ModelServer, ask: Callable[..., Any]) -> None:
    assert ask(toy, {"number": 21}) == (200, {"double": 42})


@pytest.mark.parametrize("ask", [*HTTP, by_grpc])
@pytest.mark.parametrize(
    ("request_", "status", "text"),
    [
        ({}, 400, 'Expected "number" in input data.'),
        ({"number": "1"}, 400, 'Expected "number" to be an integer.'),
        ({"number": 0}, 400, 'Expected "number" to be a positive integer.'),
        ([1], 400, "Please verify that request input is a json dict"),
        (b"{", 400, "Please verify that request input is a json dict"),
        ({"number": 1, "refuse": "missing"}, 400, MISSING),
        ({"number": 1, "refuse": "hidden"}, 400, "Missing resource for rev-id 12345: TextDeleted"),
        (
            {"number": 1, "refuse": "unreadable"},
            400,
            "Unexpected content type for rev-id 12345: JSON expected",
        ),
        ({"number": 1, "refuse": "unusable"}, 502, "MediaWiki's answer is not JSON."),
        ({"number": 1, "refuse": "unavailable"}, 503, "MediaWiki cannot be reached."),
        ({"number": 1, "refuse": "lost"}, 503, "The worker processes that did this work died."),
        ({"number": 99}, 503, "The request's time was over."),
    ],
)
def test_an_error_is_answered_with_its_status_and_text_in_each_protocol(
    toy: ModelServer, ask: Callable[..., Any], request_: Any, status: int, text: str
) -> None:
    expected = GRPC_CODES[status] if ask is by_grpc else status
    assert ask(toy, request_) == (expected, {"error": text})


@pytest.mark.parametrize("ask", [*HTTP, by_grpc])
@pytest.mark.parametrize("request_", [{"number": 13}, {"number": 1, "refuse": "internal"}])
def test_a_defect_tells_a_request_id_and_nothing_else(
    toy: ModelServer, ask: Callable[..., Any], request_: Any
) -> None:
    status, answer = ask(toy, request_)
    assert status == (grpc.StatusCode.INTERNAL if ask is by_grpc else 500)
    told, _, request_id = answer["error"].rpartition(" ")
    assert told == "Internal error. Please report it with this request id:"
    lines = [line for line in toy.log_lines() if line.get("request_id") == request_id]
    assert "SECRET" in json.dumps(lines) and "SECRET" not in json.dumps(answer)


def test_a_repeatable_error_says_when_to_come_back(toy: ModelServer) -> None:
    answer = toy.predict("toy", {"number": 1, "refuse": "unavailable"})
    assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("ask", [*HTTP, by_grpc])
def test_another_name_is_not_found(toy: ModelServer, ask: Callable[..., Any]) -> None:
    status, answer = ask(toy, {"number": 1}, "other")
    assert status == (GRPC_CODES[404] if ask is by_grpc else 404)
    assert "other" in answer["error"]


def test_a_body_over_the_cap_is_refused_in_each_protocol(toy: ModelServer) -> None:
    long = json.dumps({"number": 1, "x": "x" * CAP}).encode()
    for ask in HTTP:
        text = f"The request is larger than MAX_BODY_BYTES, {CAP} bytes."
        assert ask(toy, long) == (413, {"error": text})
    assert by_grpc(toy, long)[0] is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_its_requests_are_counted_logged_and_told_apart_by_id(toy: ModelServer) -> None:
    def counted(status: int) -> float:
        labels = f'{{model="toy",status="{status}"}}'
        return toy.metrics().get(f"liftwing_requests_total{labels}", 0)

    before = counted(200), counted(400)
    body = json.dumps({"number": 5, "user_text": "Alice"}).encode()
    headers = {"X-Request-Id": "r-5"}
    answer = call(f"{toy.url}/v1/models/toy:predict", body, headers)
    toy.predict("toy", {})
    assert answer.headers["x-request-id"] == "r-5"
    assert (counted(200), counted(400)) == (before[0] + 1, before[1] + 1)
    (line,) = [line for line in toy.log_lines() if line.get("request_id") == "r-5"]
    assert line["payload"] == {"number": 5, "user_text": "redacted"}


def by_route(toy: ModelServer, request: Any) -> Any:
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return call(f"{toy.url}/v1/doubles", body, {"X-Request-Id": "of-a-route"})


def test_one_with_a_route_of_its_own_is_asked_there_and_is_no_model(toy: ModelServer) -> None:
    answer = by_route(toy, {"numbers": [1, 2]})
    assert (answer.status, answer.json) == (200, {"doubles": [2, 4]})
    assert answer.headers["x-request-id"] == "of-a-route"
    assert toy.metrics()['liftwing_requests_total{model="/v1/doubles",status="200"}'] >= 1
    assert call(f"{toy.url}/v2/models").json == {"models": ["toy"]}
    for name in ("/v1/doubles", "%2Fv1%2Fdoubles"):
        assert toy.predict(name, {"numbers": [1]}).status == 404
        assert by_v2(toy, {"numbers": [1]}, name)[0] == 404
    assert by_grpc(toy, {"numbers": [1]}, "/v1/doubles")[0] is grpc.StatusCode.NOT_FOUND


def test_a_route_of_its_own_has_the_errors_of_all(toy: ModelServer) -> None:
    refused = by_route(toy, {"numbers": ["1"]})
    assert (refused.status, refused.json["error"]) == (400, 'Expected "number" to be an integer.')
    assert by_route(toy, b"[]").status == 400
    # What `instances` are is its own affair.
    assert by_route(toy, {"numbers": [1], "instances": [1]}).json == {"doubles": [2]}
    assert by_route(toy, b"x" * (CAP + 1)).status == 413
    assert by_route(toy, {"numbers": [13]}).json["error"].endswith("request id: of-a-route")
    assert call(f"{toy.url}/v1/doubles").status == 405


def test_what_a_route_has_when_the_time_is_over_is_gathered_but_not_waited_for(
    toy: ModelServer,
) -> None:
    answer = by_route(toy, {"numbers": [7, 99]})
    assert answer.json == {"doubles": [14, "The request's time was over."]}
    endless = by_route(toy, {"numbers": [8]})
    assert (endless.status, endless.json["error"]) == (503, "The request's time was over.")


def test_the_openapi_document_has_what_the_loaded_servables_say(toy: ModelServer) -> None:
    document = call(f"{toy.url}/openapi.json").json
    fields = document["components"]["schemas"]["Request"]["properties"]
    assert fields["number"] == {"type": "integer", "minimum": 1}
    body = document["paths"]["/v1/doubles"]["post"]["requestBody"]
    assert "numbers" in body["content"]["application/json"]["schema"]["properties"]


def test_it_is_ready_under_its_name(toy: ModelServer) -> None:
    assert call(f"{toy.url}/v1/models").json == {"models": ["toy"]}
    assert call(f"{toy.url}/v2/models/toy/ready").status == 200
