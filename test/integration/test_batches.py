"""Batches in every protocol: each instance is answered in its place, and no other is the worse."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from support import openinference
from support.processes import ROOT, Answer, ModelServer, call

MAX_INSTANCES = 500
SECONDS = 2
LATE = {"number": 99}
DEFECT = {"number": 13}
OVER = {"error": {"code": 503, "message": "The request's time was over."}}
MISSING = {"error": {"code": 400, "message": 'Expected "number" in input data.'}}

# A status and either the answers of the instances, or the text for the whole.
Outcome = tuple[Any, Any]
Ask = Callable[[ModelServer, list[Any]], Outcome]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("toy") / "server.log"
    settings = {"REQUEST_DEADLINE_SECONDS": str(SECONDS), "LOG_JSON_PAYLOAD": "yes"}
    server = ModelServer(log, settings, program=ROOT / "test/support/toy.py")
    yield server
    assert server.close() == 0, log.read_text()


def by_v1(toy: ModelServer, given: list[Any]) -> Outcome:
    answer = toy.predict("toy", {"instances": given})
    if answer.status != 200:
        return answer.status, answer.json["error"]
    assert list(answer.json) == ["predictions"]
    return 200, answer.json["predictions"]


def infer(toy: ModelServer, given: list[Any], **asked: Any) -> Answer:
    data = [json.dumps(instance) for instance in given]
    tensor = {"name": "input", "shape": [len(data)], "datatype": "BYTES", "data": data}
    body = json.dumps({"inputs": [tensor]} | asked).encode()
    return call(f"{toy.url}/v2/models/toy/infer", body)


def by_v2(toy: ModelServer, given: list[Any]) -> Outcome:
    answer = infer(toy, given)
    if answer.status != 200:
        return answer.status, answer.json["error"]
    (output,) = answer.json["outputs"]
    assert (output["name"], output["shape"]) == ("output", [len(given)])
    return 200, list(map(json.loads, output["data"]))


def by_v2_binary(toy: ModelServer, given: list[Any]) -> Outcome:
    binary = openinference.raw_tensor(json.dumps(instance).encode() for instance in given)
    tensor: dict[str, Any] = {"name": "input", "shape": [len(given)], "datatype": "BYTES"}
    tensor["parameters"] = {"binary_data_size": len(binary)}
    outputs = [{"name": "output", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": [tensor], "outputs": outputs}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    answer = call(f"{toy.url}/v2/models/toy/infer", head + binary, headers)
    if answer.status != 200:
        return answer.status, answer.json["error"]
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers["inference-header-content-length"])
    (output,) = json.loads(answer.body[:length])["outputs"]
    assert output["shape"] == [len(given)]
    contents = answer.body[length:]
    assert output["parameters"] == {"binary_data_size": len(contents)}
    return 200, list(map(json.loads, openinference.elements(contents)))


def by_grpc(toy: ModelServer, given: list[Any], raw: bool = False) -> Outcome:
    texts = [json.dumps(instance).encode() for instance in given]
    try:
        answer = openinference.infer(toy, openinference.infer_request("toy", *texts, raw=raw))
    except grpc.RpcError as error:
        return error.code(), error.details()
    assert list(answer.outputs[0].shape) == [len(given)]
    return 200, list(map(json.loads, openinference.texts_of(answer)))


def by_raw_grpc(toy: ModelServer, given: list[Any]) -> Outcome:
    return by_grpc(toy, given, raw=True)


DOORS: list[Ask] = [by_v1, by_v2, by_v2_binary, by_grpc, by_raw_grpc]
IN_GRPC = {
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}
in_each_protocol = pytest.mark.parametrize("ask", DOORS, ids=lambda ask: ask.__name__)


def status(ask: Ask, of_http: int) -> Any:
    return IN_GRPC[of_http] if ask in (by_grpc, by_raw_grpc) else of_http


def refused(kind: str) -> dict[str, Any]:
    return {"number": 1, "refuse": kind}


@in_each_protocol
@pytest.mark.parametrize("number", [0, 1, 2, MAX_INSTANCES])
def test_as_many_answers_as_instances_in_their_order(
    toy: ModelServer, ask: Ask, number: int
) -> None:
    if ask is by_v1 or number != 1:
        given = [{"number": n + 1000} for n in range(number)]
        assert ask(toy, given) == (200, [{"double": 2 * n + 2000} for n in range(number)])


@in_each_protocol
def test_more_instances_than_may_be_are_refused(toy: ModelServer, ask: Ask) -> None:
    text = f"The request has more than MAX_INSTANCES, {MAX_INSTANCES} instances."
    given = [{"number": 1}] * (MAX_INSTANCES + 1)
    assert ask(toy, given) == (status(ask, 413), text)


@in_each_protocol
def test_what_fails_is_told_in_its_place(toy: ModelServer, ask: Ask) -> None:
    started = time.monotonic()
    given = [{"number": 1}, {}, [1], DEFECT, LATE, refused("busy"), {"number": 1}, {"number": 2}]
    code, answers = ask(toy, given)
    assert code == 200
    first, missing, no_object, defect, late, busy, *last = answers
    assert (first, last) == ({"double": 2}, [{"double": 2}, {"double": 4}])
    assert (missing, late) == (MISSING, OVER)
    text = "Please verify that request input is a json dict"
    assert no_object == {"error": {"code": 400, "message": text}}
    assert busy["error"]["code"] == 429
    told, _, request_id = defect["error"]["message"].rpartition(" ")
    assert (defect["error"]["code"], told) == (
        500,
        "Internal error. Please report it with this request id:",
    )
    lines = [line for line in toy.log_lines() if line.get("request_id") == request_id]
    (line,) = [line for line in lines if "traceback" in line]
    assert "SECRET" in line["traceback"] and "SECRET" not in json.dumps(answers)
    assert (line["instance"], line["instances"], line["number"]) == (3, 8, 13)
    (of_missing,) = [line for line in lines if line.get("instance") == 1]
    assert "number" not in of_missing
    assert time.monotonic() - started > SECONDS


@in_each_protocol
def test_a_batch_of_which_all_may_succeed_on_a_second_try_is_repeated(
    toy: ModelServer, ask: Ask
) -> None:
    kinds = ("unusable", "unavailable", "busy")
    code, text = ask(toy, [refused(kind) for kind in kinds])
    assert code == status(ask, 503)
    assert text == (
        "None of 3 instances could be answered, the first: MediaWiki's answer is not JSON."
    )
    code, answers = ask(toy, [*(refused(kind) for kind in kinds), refused("missing")])
    assert (code, [answer["error"]["code"] for answer in answers]) == (200, [502, 503, 429, 400])


def test_when_to_repeat_a_batch_is_the_latest_of_its_instances(toy: ModelServer) -> None:
    given = [refused(kind) for kind in ("unusable", "unavailable", "busy")]
    for answer in (toy.predict("toy", {"instances": given}), infer(toy, given)):
        assert (answer.status, answer.headers["retry-after"]) == (503, "9")


def test_a_tensor_of_any_shape_is_answered_in_that_shape(toy: ModelServer) -> None:
    texts = [[['{"number": 1}'], ['{"number": 2}']]]
    tensor = {"name": "input", "shape": [1, 2, 1], "datatype": "BYTES", "data": texts}
    body = json.dumps({"inputs": [tensor]}).encode()
    (output,) = call(f"{toy.url}/v2/models/toy/infer", body).json["outputs"]
    assert (output["shape"], output["data"]) == ([1, 2, 1], ['{"double":2}', '{"double":4}'])


def test_a_batch_as_the_only_element_is_answered_as_a_v1_batch(toy: ModelServer) -> None:
    given = {"instances": [{"number": 1}, {}]}
    predictions = {"predictions": [{"double": 2}, MISSING]}
    for ask in (by_v2, by_v2_binary, by_grpc, by_raw_grpc):
        assert ask(toy, [given]) == (200, [predictions])
        code, (nested, other) = ask(toy, [given, {"number": 1}])
        assert (nested["error"]["code"], other) == (400, {"double": 2})


@pytest.mark.parametrize("request_", [{"number": 21}, {"number": "x"}, [1], refused("unusable")])
def test_the_only_element_is_answered_as_v1_answers_it(toy: ModelServer, request_: Any) -> None:
    plain = toy.predict("toy", request_)
    for ask in (by_v2, by_v2_binary):
        if plain.status == 200:
            assert ask(toy, [request_]) == (200, [plain.json])
        else:
            assert ask(toy, [request_]) == (plain.status, plain.json["error"])


def test_binary_answers_may_be_asked_for_a_tensor_in_json(toy: ModelServer) -> None:
    for asked in (
        {"parameters": {"binary_data_output": True}},
        {"outputs": [{"name": "output", "parameters": {"binary_data": True}}]},
    ):
        answer = infer(toy, [{"number": 1}, {"number": 2}], **asked)
        length = int(answer.headers["inference-header-content-length"])
        texts = list(openinference.elements(answer.body[length:]))
        assert texts == [b'{"double":2}', b'{"double":4}']
    assert "inference-header-content-length" not in infer(toy, [{"number": 1}]).headers


def test_requests_and_instances_are_counted_apart(toy: ModelServer) -> None:
    def counted() -> tuple[float, ...]:
        metrics = toy.metrics()
        requests = metrics.get('liftwing_requests_total{model="toy",status="200"}', 0)
        each = (f'liftwing_instances_total{{code="{code}",model="toy"}}' for code in (200, 400))
        return requests, *(metrics.get(name, 0) for name in each)

    before = counted()
    by_v1(toy, [{"number": 1}, {"number": 2}, {}])
    by_grpc(toy, [{"number": 1}, {"number": 2}, {}])
    toy.predict("toy", {"number": 1})
    grown = [after - then for after, then in zip(counted(), before, strict=True)]
    assert grown == [3, 5, 2]


def test_a_batch_is_logged_within_the_bounds_of_a_payload(toy: ModelServer) -> None:
    given = [{"number": 1, "user_text": "Alice", "x": "y" * 300}] * MAX_INSTANCES
    texts = [json.dumps(instance) for instance in given]
    tensor = {"name": "input", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
    for path, body in {
        "v1/models/toy:predict": {"instances": given},
        "v2/models/toy/infer": {"inputs": [tensor]},
    }.items():
        headers = {"X-Request-Id": path}
        call(f"{toy.url}/{path}", json.dumps(body).encode(), headers)
        lines = [line for line in toy.log_lines() if line.get("request_id") == path]
        (shown,) = [json.dumps(line["payload"]) for line in lines if "payload" in line]
        assert '"number": 1' in shown and "Alice" not in shown
        assert len(shown) < 5000
