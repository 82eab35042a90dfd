"""Pages of other origins may call if the settings name them."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import pytest
from support.processes import ROOT, ModelServer

TOY = ROOT / "test/support/toy.py"
FRIEND, STRANGER = "https://en.wikipedia.org", "https://example.org"
PATH = "/v1/models/toy:predict"


@pytest.fixture(scope="module", params=[f"https://a.org, {FRIEND}", "*", ""])
def origins(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def toy(origins: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("toy") / "server.log"
    server = ModelServer(log, {"CORS_ALLOWED_ORIGINS": origins}, program=TOY)
    yield server
    assert server.close() == 0, log.read_text()


def ask(
    server: ModelServer, method: str, origin: str, body: bytes = b"", further: Any = None
) -> tuple[int, str | None]:
    """Status, and the origin whose pages may read the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, PATH, body, {"Origin": origin} | (further or {}))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers["access-control-allow-origin"]


def test_pages_of_allowed_origins_may_call_and_others_may_not(
    toy: ModelServer, origins: str
) -> None:
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for origin in (FRIEND, STRANGER):
        allowed = "*" if origins == "*" else origin if origin in origins else None
        status = 200 if allowed else 400 if origins else 405
        assert ask(toy, "OPTIONS", origin, further=preflight) == (status, allowed)
        assert ask(toy, "POST", origin, b'{"number": 1}') == (200, allowed)
        assert ask(toy, "POST", origin, b"[]") == (400, allowed)
        assert ask(toy, "POST", origin, b" " * 1_100_000) == (413, allowed)
