"""Clients that send too much, too slowly or over too many connections."""

from __future__ import annotations

import http.client
import select
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from support.processes import ROOT, ModelServer, call, resident_bytes, wait_until

TOY = ROOT / "test/support/toy.py"
HEAD_BYTES = 64 << 10
GROWTH_BYTES = 20_000_000
BODY_SECONDS = 2
LINE = b"POST /v1/models/toy:predict HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("toy") / "server.log"
    server = ModelServer(log, {"REQUEST_DEADLINE_SECONDS": str(BODY_SECONDS)}, program=TOY)
    yield server
    assert server.close() == 0, log.read_text()


def connect(server: ModelServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def read_to_the_end(connection: socket.socket) -> bytes:
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionResetError:
        pass
    return answer


def next_answer(connection: socket.socket) -> tuple[int, bytes]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, response.read()


def send_on(connection: socket.socket, pieces: Iterator[bytes]) -> bytes:
    """What the server answers, even if it does not read all."""
    try:
        for piece in pieces:
            connection.sendall(piece)
    except OSError:
        pass
    return read_to_the_end(connection)


def headers(size: int) -> bytes:
    """So many bytes of headers, as the server counts them, and the end of the head."""
    name = b"x-padding"
    left = size - len(b"/v1/models/toy:predict") - len(b"hostx") - len(name)
    return LINE + name + b": " + b"a" * left + b"\r\n\r\n"


MANY_HEADERS = [b"x-%d: %s\r\n" % (number, b"a" * 4000) for number in range(4000)]
ENDLESS: dict[str, Callable[[], Iterator[bytes]]] = {
    "headers": lambda: iter([LINE, *MANY_HEADERS]),
    "a header": lambda: iter([LINE, b"x: ", *([b"a" * 16384] * 1000)]),
    "a header's name": lambda: iter([LINE, *([b"a" * 16384] * 1000)]),
    "a path": lambda: iter([b"GET /", *([b"a" * 16384] * 1000)]),
    "trailers": lambda: iter(
        [LINE, b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", *MANY_HEADERS]
    ),
    "a trailer": lambda: iter(
        [LINE, b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: ", *([b"a" * 16384] * 1000)]
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_an_endless_head_is_refused_and_not_kept(toy: ModelServer, what: str) -> None:
    before = resident_bytes(toy.process.pid)
    with connect(toy) as connection:
        answer = send_on(connection, ENDLESS[what]())
        if "trailer" in what:
            assert answer == b"", "it belongs to a request that is not answered yet"
        else:
            assert answer.startswith(b"HTTP/1.1 431 "), answer
            assert b'{"error":"The request' in answer
        assert resident_bytes(toy.process.pid) - before < GROWTH_BYTES
    assert toy.predict("toy", {"number": 1}).status == 200


def test_a_head_is_read_up_to_the_cap_and_not_a_byte_above(toy: ModelServer) -> None:
    for size, status in ((HEAD_BYTES, 400), (HEAD_BYTES + 1, 431)):
        with connect(toy) as connection:
            connection.sendall(headers(size))
            assert next_answer(connection)[0] == status


def test_heads_are_counted_one_by_one_on_a_kept_connection(toy: ModelServer) -> None:
    with connect(toy) as connection:
        for _ in range(5):
            connection.sendall(headers(HEAD_BYTES - 1000))
            assert next_answer(connection)[0] == 400


def test_large_bodies_do_not_count_as_heads(toy: ModelServer) -> None:
    body = b'{"number": 1}'.ljust(900_000)
    head = LINE + b"Content-Length: %d\r\n\r\n" % len(body)
    with connect(toy) as connection:
        for _ in range(3):
            connection.sendall(head + body)
            assert next_answer(connection) == (200, b'{"double":2}')


@pytest.mark.parametrize("sent", [b"", b"GET / HT", LINE + b"x: "])
def test_a_head_that_does_not_come_is_not_waited_for_long(toy: ModelServer, sent: bytes) -> None:
    with connect(toy) as connection:
        connection.sendall(sent)
        assert connection.recv(65536) == b""


def test_a_second_head_that_does_not_come_is_not_waited_for_long(toy: ModelServer) -> None:
    with connect(toy) as connection:
        connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert next_answer(connection)[0] == 200
        connection.sendall(b"GET /v2/he")
        assert connection.recv(65536) == b""


@pytest.mark.parametrize("drip", [0, 0.1])
def test_a_body_that_does_not_come_in_time_is_a_408(toy: ModelServer, drip: float) -> None:
    started = time.monotonic()
    with connect(toy) as connection:
        connection.sendall(LINE + b"Content-Length: 100000\r\n\r\n{")
        while drip and not select.select([connection], [], [], drip)[0]:
            connection.sendall(b" ")
        status, body = next_answer(connection)
    assert (status, b"within 2 seconds" in body) == (408, True)
    assert time.monotonic() - started >= BODY_SECONDS


def test_connections_have_a_cap_and_are_let_in_again(toy: ModelServer) -> None:
    crowd = [connect(toy) for _ in range(800)]
    try:
        with connect(toy) as turned_away:
            answer = read_to_the_end(turned_away)
        assert answer.startswith(b"HTTP/1.1 503 ") and b"retry-after: 1" in answer
    finally:
        for connection in crowd:
            connection.close()
    url = f"{toy.url}/v2/health/live"
    wait_until(lambda: call(url).status == 200, 30, "there is room again")
