"""The end of a server: nothing outlasts what was promised, and everything gets an answer."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from support import openinference
from support.environment import environment
from support.processes import ROOT, ModelServer, wait_until

TOY = ROOT / "test/support/toy.py"
# A request that takes a minute, or until its deadline.
ENDLESS = {"number": 99}
SLACK_SECONDS = 6.0
Begin = Callable[..., ModelServer]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    servers: list[ModelServer] = []

    def start(drain: float, grace: float, **settings: str) -> ModelServer:
        settings |= {
            "DRAIN_DELAY_SECONDS": str(drain),
            "SHUTDOWN_GRACE_SECONDS": str(grace),
            "REQUEST_DEADLINE_SECONDS": "600",
            "LOG_JSON_PAYLOAD": "yes",
        }
        servers.append(ModelServer(tmp_path / "server.log", settings, program=TOY))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
        server.process.wait()


def by_http(server: ModelServer) -> Any:
    answer = server.predict("toy", ENDLESS)
    return answer.status, answer.headers.get("retry-after"), answer.json["error"]


def by_grpc(server: ModelServer) -> Any:
    try:
        openinference.predict(server, "toy", ENDLESS)
    except grpc.RpcError as error:
        return error.code()
    return None


def in_flight(server: ModelServer, number: int) -> None:
    wait_until(lambda: server.log.read_text().count("a request to toy") == number, 30, "in flight")


def tell(server: ModelServer, number: signal.Signals, says: str) -> None:
    """Send a signal and wait for what the log says of it, lest two of a kind become one."""
    server.process.send_signal(number)
    wait_until(lambda: says in server.log.read_text(), 30, says)


ACCEPTING, FINISHING = "still accepting", "finishing what"


@pytest.mark.alone
@pytest.mark.parametrize(
    ("steps", "last"),
    [
        ([(signal.SIGTERM, ACCEPTING), (signal.SIGINT, FINISHING)], signal.SIGINT),
        ([(signal.SIGTERM, ACCEPTING), (signal.SIGTERM, FINISHING)], signal.SIGTERM),
        ([(signal.SIGINT, FINISHING)], signal.SIGINT),
    ],
    ids=["SIGTERM, twice SIGINT", "thrice SIGTERM", "twice SIGINT"],
)
def test_a_further_signal_ends_the_grace_and_each_request_is_answered(
    begin: Begin, steps: list[tuple[signal.Signals, str]], last: signal.Signals
) -> None:
    server = begin(drain=600, grace=600)
    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(ask, server) for ask in (by_http, by_http, by_grpc)]
        in_flight(server, 3)
        for number, says in steps:
            tell(server, number, says)
        started = time.monotonic()
        server.process.send_signal(last)
        assert server.process.wait(60) == 0
        took = time.monotonic() - started
        stopping = (503, "1", "The server is stopping.")
        expected = [stopping, stopping, grpc.StatusCode.UNAVAILABLE]
        assert [answer.result() for answer in answers] == expected
    print(f"gone {took:.2f} s after the last signal")
    assert took < 1 + SLACK_SECONDS


def test_a_further_signal_ends_the_closing_too(begin: Begin) -> None:
    server = begin(drain=0, grace=600, TOY_CLOSES="600")
    tell(server, signal.SIGINT, "closing")
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(60) == 0


def test_fractions_of_the_grace_period_hold(begin: Begin) -> None:
    server = begin(drain=0, grace=1.9)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(by_http, server)
        in_flight(server, 1)
        started = time.monotonic()
        server.process.terminate()
        assert answer.result()[0] == 503
        assert time.monotonic() - started > 1.3
        assert server.process.wait(60) == 0


LINE = b"POST /v1/models/toy:predict HTTP/1.1\r\nHost: x\r\n"
STALLED = {
    "head": LINE,
    "body": LINE + b"Content-Length: 100\r\n\r\n{",
    "body that is too large": LINE + b"Content-Length: 9999999\r\n\r\n{",
    "answered": b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\nGET ",
    "not read": b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 2000,
}


@pytest.mark.alone
def test_stalled_clients_do_not_make_the_stop_longer(begin: Begin) -> None:
    drain, grace = 1.0, 2.0
    # What closes last, such as the delivery of events, might take its time too.
    server = begin(drain=drain, grace=grace, TOY_CLOSES="600")
    clients = {name: socket.socket() for name in STALLED}
    try:
        for name, connection in clients.items():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(STALLED[name])
        time.sleep(0.5)
        started = time.monotonic()
        server.process.terminate()
        assert server.process.wait(60) == 0
        took = time.monotonic() - started
        answer = http.client.HTTPResponse(clients["body"])
        answer.begin()
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert json.loads(answer.read()) == {"error": "The server is stopping."}
    finally:
        for connection in clients.values():
            connection.close()
    print(f"stopped after {took:.2f} s of {drain + grace}")
    assert took < drain + grace + SLACK_SECONDS


def write_certificate(folder: Path, name: str) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout new.key -out new.crt"
    subprocess.run(
        [*command.split(), "-subj", f"/CN={name}"],
        cwd=folder,
        env=environment(),
        check=True,
        capture_output=True,
    )
    (folder / "new.key").rename(folder / "tls.key")
    (folder / "new.crt").rename(folder / "tls.crt")


def test_a_rotated_certificate_is_served_without_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    write_certificate(folder, "first")
    flags = ["--ssl_certfile", str(folder / "tls.crt"), "--ssl_keyfile", str(folder / "tls.key")]
    server = ModelServer(tmp_path / "log", {}, flags, wait=False, program=TOY)

    def served() -> str | None:
        try:
            return ssl.get_server_certificate(("127.0.0.1", server.port), timeout=10)
        except OSError:
            return None

    try:
        first = (folder / "tls.crt").read_text()
        wait_until(lambda: served() == first, 60, "the certificate is served")
        write_certificate(folder, "second")
        second = (folder / "tls.crt").read_text()
        wait_until(lambda: served() == second, 60, "the new certificate is served")
        server.process.terminate()
        assert server.process.wait(60) == 0
    finally:
        server.process.kill()
        server.process.wait()
