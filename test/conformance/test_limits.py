"""What a request may be at most."""

from __future__ import annotations

import http.client
import json
import re
import select
import socket
import ssl
import time

import pytest
from conformance.asking import Server, error_of, told
from conformance.document import Document

# Nobody sets the cap above it.
HUGE = 1 << 30
PIECE = b" " * 65536
HEAD = 64 << 10
PROMPT_SECONDS = 5.0


def connect(server: Server, model: str, header: str) -> socket.socket:
    """A connection on which the head of a V1 request has been sent."""
    host, secure = server.url.host, server.url.scheme == "https"
    address = host, server.url.port or (443 if secure else 80)
    connection = socket.create_connection(address, timeout=60)
    if secure:
        connection = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    path = f"{server.url.path.rstrip('/')}/v1/models/{model}:predict"
    head = f"POST {path} HTTP/1.1\r\nHost: {server.host}\r\n{header}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def answer_on(connection: socket.socket, seconds: float) -> tuple[int, bytes]:
    """The status and the body that come on it."""
    connection.settimeout(seconds)
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
        return response.status, response.read()
    except TimeoutError:
        pytest.fail(f"there is no answer within {seconds:g} s")


def test_a_body_that_is_announced_too_large_is_refused_unread(server: Server, model: str) -> None:
    with connect(server, model, f"Content-Length: {HUGE}") as connection:
        status, _ = answer_on(connection, PROMPT_SECONDS)
    assert status == 413


def test_the_cap_is_named_and_kept(server: Server, model: str) -> None:
    """By bodies whose length is not announced too."""
    sent = 0
    with connect(server, model, "Transfer-Encoding: chunked") as connection:
        while sent < HUGE and not select.select([connection], [], [], 0)[0]:
            connection.sendall(b"%x\r\n%b\r\n" % (len(PIECE), PIECE))
            sent += len(PIECE)
        status, body = answer_on(connection, PROMPT_SECONDS)
    assert status == 413
    text = json.loads(body)["error"]
    caps = [int(number) for number in re.findall(r"\d+", text)]
    assert len(caps) == 1 and caps[0] <= sent, f"no cap is named: {text}"
    (cap,) = caps
    assert server.predict(model, b"[]".ljust(cap)).status_code == 400, "it refuses smaller bodies"
    assert server.predict(model, b"[]".ljust(cap + 1)).status_code == 413, "it reads larger ones"


def test_a_batch_may_have_as_many_instances_as_documented(
    server: Server, model: str, document: Document
) -> None:
    most = document.max_instances()
    if most is None:
        pytest.skip("the OpenAPI document does not tell how many there may be")
    answer = server.predict(model, {"instances": [{}] * most})
    assert answer.status_code == 200, told(answer)
    assert str(most) in error_of(server.predict(model, {"instances": [{}] * (most + 1)}), 413)


def test_headers_may_have_64_kib_together(server: Server) -> None:
    answer = server.get("/v2/health/live", headers={"X-Padding": "a" * (HEAD - 4096)})
    assert answer.status_code == 200, told(answer)
    error_of(server.get("/v2/health/live", headers={"X-Padding": "a" * HEAD}), 431)


def test_a_body_has_to_come_in_time(
    server: Server, model: str, pytestconfig: pytest.Config
) -> None:
    seconds = pytestconfig.option.deadline
    if seconds is None:
        pytest.skip("how long it may take is not known: tell it with --deadline")
    begun = time.monotonic()
    with connect(server, model, "Content-Length: 100") as connection:
        connection.sendall(b"{")
        status, _ = answer_on(connection, seconds + PROMPT_SECONDS)
    assert status == 408
    assert time.monotonic() - begun > seconds / 2, "it does not wait"
