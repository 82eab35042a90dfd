"""Whatever is thrown at an endpoint, the answer is the contract's: never a 5xx, no traceback."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.events import page_change, revision_create
from support.processes import ModelServer, Wiki, call

MODEL = "enwiki-damaging"
MAX_BODY_BYTES = 1 << 20
WILD = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([10**400, -(2**63), 1e308, "\x00", "💣"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
EVENTS = st.sampled_from([revision_create(1, "enwiki"), page_change(1, "enwiki")])
PATHS = st.sampled_from(
    [
        f"/v1/models/{MODEL}:predict",
        f"/v1/models/{MODEL}:explain",
        f"/v1/models/{MODEL}",
        "/v1/models",
        "/v1/models/nonsense:predict",
        f"/v2/models/{MODEL}/infer",
        f"/v2/models/{MODEL}/ready",
        f"/v2/models/{MODEL}/versions/1/infer",
        f"/v2/repository/models/{MODEL}/unload",
        f"/v2/repository/models/{MODEL}/load",
        "/v2/repository/index",
        "/v2/health/live",
        "/v2",
        "/",
        "/metrics",
        "/nonsense",
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "Accept", "Accept-Encoding", "Content-Encoding", "X-Request-Id"]
        + ["ce-specversion", "ce-id", "ce-type", "ce-source", "inference-header-content-length"]
    ),
    st.sampled_from(["application/json", "text/plain", "gzip", "1.0", "abc", "-1", "9" * 30]),
    max_size=4,
)


def send(server: ModelServer, method: str, path: str, body: bytes, headers: dict[str, str]) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def assert_polite(status: int, body: bytes) -> None:
    assert status < 500, body
    for secret in (b"Traceback", b'File "', b"liftwing_serving", b"site-packages"):
        assert secret not in body


@pytest.fixture
def server(all_models_server: ModelServer, wiki: Wiki) -> ModelServer:
    return all_models_server


@WILD
@given(body=st.binary(max_size=500) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_to_predict_is_a_400(server: ModelServer, body: bytes) -> None:
    answer = server.predict(MODEL, body)
    assert answer.status == 400
    assert set(answer.json) == {"error"}
    assert_polite(answer.status, answer.body)


@WILD
@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "rev_id": ANY_JSON,
            "extended_output": ANY_JSON,
            "event": ANY_JSON | EVENTS,
            "instances": ANY_JSON,
        },
    )
)
def test_any_values_of_the_fields_are_a_4xx_or_an_answer(
    server: ModelServer, fields: dict[str, Any]
) -> None:
    answer = server.predict(MODEL, fields)
    assert answer.status in (200, 400)
    assert_polite(answer.status, answer.body)


@WILD
@given(
    event=EVENTS,
    path=st.lists(st.sampled_from(["rev_id", "revision", "page", "performer", "meta", "$schema"])),
    value=ANY_JSON,
)
def test_a_damaged_event_is_a_400(
    server: ModelServer, event: dict[str, Any], path: list[str], value: Any
) -> None:
    damaged = json.loads(json.dumps(event))
    at = damaged
    for key in path[:-1]:
        if isinstance(at.get(key), dict):
            at = at[key]
    if path:
        at[path[-1]] = value
    answer = server.predict(MODEL, {"event": damaged})
    # Revision 1 of the events does not exist, so none is a 200.
    assert answer.status == 400
    assert_polite(answer.status, answer.body)


@WILD
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "X-ODD"]),
    path=PATHS,
    body=st.binary(max_size=100) | ANY_JSON.map(lambda value: json.dumps(value).encode()),
    headers=HEADERS,
)
def test_any_method_body_and_header_at_any_endpoint_is_no_5xx(
    server: ModelServer, method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    status, answer = send(server, method, path, body, headers)
    assert_polite(status, answer)


@WILD
@given(
    request=st.fixed_dictionaries(
        {},
        optional={
            "id": ANY_JSON,
            "inputs": st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "name": st.text(max_size=3) | ANY_JSON,
                        "shape": st.lists(st.integers(-2, 3), max_size=3) | ANY_JSON,
                        "datatype": st.sampled_from(["BYTES", "INT32", "FP16", "X"]) | ANY_JSON,
                        "data": ANY_JSON,
                        "parameters": ANY_JSON,
                    },
                ),
                max_size=2,
            )
            | ANY_JSON,
            "outputs": ANY_JSON,
            "parameters": ANY_JSON,
        },
    )
)
def test_any_open_inference_request_is_no_5xx(server: ModelServer, request: Any) -> None:
    status, answer = send(
        server, "POST", f"/v2/models/{MODEL}/infer", json.dumps(request).encode(), {}
    )
    assert_polite(status, answer)


@pytest.mark.parametrize(
    "body",
    [
        b'{"rev_id": ' + b"9" * 10_000 + b"}",
        b'{"rev_id": 1e999}',
        b'{"rev_id": -0}',
        b'{"x": ' * 20_000,
        b"[" * 500_000,
        b'{"rev_id": 1, "rev_id": "x"}',
        '{"rev_id": "é"}'.encode("latin-1"),
        '{"rev_id": 1}'.encode("utf-16"),
        b"\xef\xbb\xbf" + b'{"rev_id": true}',
        b"\x00" * 1000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_fault_13_odd_json_is_a_400(server: ModelServer, body: bytes) -> None:
    answer = server.predict(MODEL, body)
    assert answer.status == 400
    assert_polite(answer.status, answer.body)


@pytest.mark.parametrize(
    "fields", [[1], {"event": "x"}, {"rev_id": True}, {"event": {}}, {"event": [1]}]
)
def test_fault_13_wrong_types_are_a_400(server: ModelServer, fields: Any) -> None:
    answer = server.predict(MODEL, fields)
    assert answer.status == 400
    assert set(answer.json) == {"error"}


def test_a_body_over_the_cap_is_a_413_before_the_rest_is_sent(server: ModelServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head("Content-Length: 50000000") + b"x" * 1000)
        answer = read_answer(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"MAX_BODY_BYTES, %d bytes" % MAX_BODY_BYTES in answer


def test_a_chunked_body_over_the_cap_is_a_413_when_it_gets_there(server: ModelServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            for _ in range(100):
                connection.sendall(chunk)
        except OSError:
            pass  # The server has answered and closed.
        answer = read_answer(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", [f"/v1/models/{MODEL}:predict", f"/v2/models/{MODEL}/infer"])
@pytest.mark.parametrize("mebibytes", [1.1, 8])
def test_an_ordinary_client_sees_the_413(server: ModelServer, path: str, mebibytes: float) -> None:
    """One that sends its whole body before it reads: a reset would hide the answer from it."""
    body = b" " * int(mebibytes * 2**20)
    for chunked in (False, True):
        headers = {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        data = iter([body[:65536]] * (len(body) // 65536)) if chunked else body
        connection.request("POST", path, body=data, headers=headers, encode_chunked=chunked)
        response = connection.getresponse()
        assert response.status == 413
        assert set(json.loads(response.read())) == {"error"}
        connection.close()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nonsense"), ("GET", f"/v1/models/{MODEL}:predict")]
)
def test_refusals_of_the_framework_are_errors_like_others(
    server: ModelServer, method: str, path: str
) -> None:
    status, body = send(server, method, path, b"", {})
    assert status in (404, 405)
    assert set(json.loads(body)) == {"error"}


def head(header: str) -> bytes:
    return f"POST /v1/models/{MODEL}:predict HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode()


def read_answer(connection: socket.socket) -> bytes:
    """What comes until the server closes; it may do so with a reset, as it leaves bytes unread."""
    answer = b""
    try:
        while piece := connection.recv(4096):
            answer += piece
    except ConnectionResetError:
        pass
    return answer


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_read_up_to_the_cap_and_not_a_byte_above(
    server: ModelServer, chunked: bool
) -> None:
    for size, expected in ((MAX_BODY_BYTES, 400), (MAX_BODY_BYTES + 1, 413)):
        body = b"{}".ljust(size)
        data = iter([body[:1000], body[1000:]]) if chunked else body
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("POST", f"/v1/models/{MODEL}:predict", body=data, encode_chunked=chunked)
        response = connection.getresponse()
        assert (response.status, size) == (expected, size)
        connection.close()


def test_a_client_that_stalls_or_leaves_disturbs_nobody(
    server: ModelServer, nasty: dict[str, list[int]]
) -> None:
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for number, connection in enumerate(stalled):
        connection.sendall(b"POST /v1/models/enwiki-damaging:predict HTTP/1.1\r\nContent-Le")
        if number % 2:
            connection.close()
    started = time.monotonic()
    assert server.predict(MODEL, {"rev_id": nasty["ordinary"][0]}).status == 200
    assert time.monotonic() - started < 9
    for connection in stalled:
        connection.close()
    assert call(f"{server.url}/v2/health/ready").status == 200
