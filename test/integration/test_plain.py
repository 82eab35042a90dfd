"""A model that needs nothing but the request, served by a program of a few lines."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.environment import environment
from support.processes import ROOT, ModelServer, call

PROGRAM = ROOT / "test/support/plain/model.py"
NAME = "meanings"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    folder = tmp_path_factory.mktemp("plain")
    model = folder / "model.json"
    model.write_text('{"gannet": "a bird"}')
    settings = environment(
        {"MODEL_PATH": str(model), "ASYNCIO_AUX_WORKERS": "2", "REQUEST_DEADLINE_SECONDS": "2"}
    )
    server = ModelServer(folder / "server.log", settings, program=PROGRAM)
    yield server
    assert server.close() == 0


def test_a_worker_answers_with_what_the_model_file_holds(server: ModelServer) -> None:
    answer = server.predict(NAME, {"word": "gannet"})
    assert answer.status == 200
    assert answer.json["meaning"] == "a bird"
    assert answer.json["pid"] in server.worker_pids()


def test_what_cannot_be_read_is_refused_by_name(server: ModelServer) -> None:
    answer = server.predict(NAME, {"word": 7})
    assert (answer.status, answer.json["error"]) == (400, 'Expected "word" to be a string.')


def test_instances_are_answered_in_their_places(server: ModelServer) -> None:
    answer = server.predict(NAME, {"instances": [{"word": "gannet"}, {}, {"word": "auk"}]})
    first, second, third = answer.json["predictions"]
    assert (first["meaning"], third["meaning"]) == ("a bird", None)
    assert second["error"] == {"code": 400, "message": 'Expected "word" to be a string.'}


def test_a_request_that_kills_workers_is_a_503_and_the_next_is_answered(
    server: ModelServer,
) -> None:
    assert server.predict(NAME, {"word": "die"}).status == 503
    assert server.predict(NAME, {"word": "gannet"}).status == 200


def test_a_request_that_hangs_is_given_up_at_the_deadline(server: ModelServer) -> None:
    started = time.monotonic()
    assert server.predict(NAME, {"word": "hang"}).status == 503
    assert 2 <= time.monotonic() - started < 10
    assert server.predict(NAME, {"word": "gannet"}).status == 200


def test_the_openapi_document_has_its_schema(server: ModelServer) -> None:
    document = json.dumps(call(f"{server.url}/openapi.json").json)
    assert json.dumps({"word": {"type": "string"}}) in document


def test_without_a_model_file_it_ends_with_a_message(tmp_path: Path) -> None:
    settings = environment({"MODEL_PATH": str(tmp_path / "none")})
    ended = subprocess.run(
        [sys.executable, str(PROGRAM)], env=settings, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("MODEL_PATH: there is no model file")
