"""The load scenarios ask a server as users do, and tell right answers from others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from support.locust import run_load
from support.processes import ModelServer, Wiki


@pytest.fixture
def revisions(tmp_path: Path, nasty: dict[str, list[int]]) -> str:
    """A file of revisions that can be scored."""
    file = tmp_path / "revisions"
    file.write_text("\n".join(map(str, nasty["ordinary"][:30])))
    return str(file)


def test_single_scores_batches_and_events_are_answered(
    light_server: ModelServer, wiki: Wiki, revisions: str
) -> None:
    options = ("--revisions", revisions, "--instances", "7")
    outcome = run_load("Single", "Batch", "Event", url=light_server.url, options=options)
    assert outcome.status == 0, outcome.printed
    assert outcome.requests.keys() == {"single", "batch of 7", "event"}
    assert all(number > 3 for number in outcome.requests.values())
    assert not any(outcome.failures.values()), outcome.printed


@pytest.fixture
def confused() -> Iterator[str]:
    """The address of a server that answers every request with the score of one revision."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"enwiki": {"scores": {"1": {}}}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_anothers_score_is_a_failure(confused: str, revisions: str) -> None:
    outcome = run_load("Single", url=confused, seconds=2, options=("--revisions", revisions))
    assert outcome.status == 1
    assert 0 < outcome.requests["single"] == outcome.failures["single"]
    assert "an answer that is not about" in outcome.printed


def test_a_refusal_is_a_failure(light_server: ModelServer, wiki: Wiki) -> None:
    options = ("--revisions", "999999990-999999999")
    outcome = run_load("Event", url=light_server.url, seconds=2, options=options)
    assert outcome.status == 1
    assert 0 < outcome.requests["event"] == outcome.failures["event"]
