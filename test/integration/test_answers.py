"""What a client sees: the documented call, and the contract's table of answers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.environment import environment
from support.light import NAME, light_environment
from support.ports import free_port
from support.processes import ModelServer, Wiki, call
from support.services import Start, environment_for, make_model

MODEL = "enwiki-goodfaith"
SECRETS = ("Traceback", "File ", "revscoring/", "<html", "liftwing_serving")


@pytest.fixture
def server(all_models_server: ModelServer, wiki: Wiki) -> ModelServer:
    return all_models_server


def test_the_documented_curl_works(
    server: ModelServer, tmp_path: Path, nasty: dict[str, list[int]]
) -> None:
    rev_id = nasty["ordinary"][0]
    (tmp_path / "input.json").write_text(json.dumps({"rev_id": rev_id}))
    url = f"localhost:{server.port}/v1/models/enwiki-goodfaith:predict"
    curl = subprocess.run(
        ["curl", "-s", url, "-i", "-X", "POST", "-d@input.json"]
        + ["--header", "Content-type: application/json"]
        + ["--header", "Accept-Encoding: application/json"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    head, _, body = curl.stdout.replace("\r\n", "\n").partition("\n\n")
    assert head.startswith("HTTP/1.1 200 OK")
    assert "content-type: application/json" in head.lower()
    document = json.loads(body)
    assert set(document) == {"enwiki"}
    assert document["enwiki"]["models"] == {"goodfaith": {"version": "0.0.1"}}
    score = document["enwiki"]["scores"][str(rev_id)]["goodfaith"]
    assert set(score) == {"score"}
    assert type(score["score"]["prediction"]) is bool
    probability = score["score"]["probability"]
    assert set(probability) == {"true", "false"}
    assert sum(probability.values()) == pytest.approx(1)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_json_is_read_under_any_content_type(
    server: ModelServer, nasty: dict[str, list[int]], content_type: str | None
) -> None:
    body = json.dumps({"rev_id": nasty["ordinary"][0]}).encode()
    headers = {"Content-Type": content_type} if content_type else {}
    answer = call(f"{server.url}/v1/models/{MODEL}:predict", body, headers)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, 'Expected "rev_id" in input data.'),
        ({"rev_id": "1"}, 'Expected "rev_id" to be an integer.'),
        ({"rev_id": True}, 'Expected "rev_id" to be an integer.'),
        ({"rev_id": 1.0}, 'Expected "rev_id" to be an integer.'),
        ([1], "Please verify that request input is a json dict"),
        (b"{", "Please verify that request input is a json dict"),
        (b"\xff", "Please verify that request input is a json dict"),
        (b"", "Please verify that request input is a json dict"),
    ],
)
def test_bad_input_is_a_400_naming_the_field(server: ModelServer, body: Any, text: str) -> None:
    answer = server.predict(MODEL, body)
    assert (answer.status, answer.json) == (400, {"error": text})


def test_an_unknown_or_deleted_revision_is_a_400(
    server: ModelServer, nasty: dict[str, list[int]]
) -> None:
    for rev_id in (nasty["deleted"][0], 123, 2**50):
        answer = server.predict(MODEL, {"rev_id": rev_id})
        assert answer.status == 400
        assert answer.json["error"].startswith(
            "The MW API does not have any info related to the rev-id provided as input "
            f"({rev_id}), therefore it is not possible to extract features properly. One possible "
            "cause is the deletion of the page related to the revision id."
        )


@pytest.mark.parametrize("kind", ["hidden_text", "hidden_comment", "hidden_user", "deleted_parent"])
def test_fault_5_a_hidden_source_is_a_400_without_a_traceback(
    server: ModelServer, nasty: dict[str, list[int]], kind: str
) -> None:
    rev_id = nasty[kind][0]
    answer = server.predict(MODEL, {"rev_id": rev_id})
    assert answer.status == 400
    assert answer.json["error"].startswith(f"Missing resource for rev-id {rev_id}: ")
    assert not any(secret in answer.body.decode() for secret in SECRETS)


def test_an_unknown_model_is_kserves_404(server: ModelServer) -> None:
    answer = server.predict("enwiki-nonsense", {"rev_id": 1})
    assert (answer.status, answer.json) == (
        404,
        {"error": "Model with name enwiki-nonsense does not exist."},
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", {"status": "alive"}),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        (f"/v2/models/{MODEL}/ready", {"name": MODEL, "ready": True}),
        (f"/v1/models/{MODEL}", {"name": MODEL, "ready": True}),
        ("/v1/models", {"models": ["enwiki-damaging", "enwiki-goodfaith", "enwiki-reverted"]}),
    ],
)
def test_kserves_own_endpoints_answer_as_kserves_do(
    server: ModelServer, path: str, expected: object
) -> None:
    answer = call(server.url + path)
    assert (answer.status, answer.json) == (200, expected)


def test_metrics_are_in_prometheus_form(server: ModelServer) -> None:
    answer = call(f"{server.url}/metrics")
    assert answer.status == 200
    assert b"# TYPE" in answer.body


def test_no_client_can_unload_a_model(server: ModelServer) -> None:
    answer = call(f"{server.url}/v2/repository/models/{MODEL}/unload", b"")
    assert answer.status >= 400
    assert call(f"{server.url}/v1/models/{MODEL}").status == 200


@pytest.fixture(scope="module")
def hasty_server(
    tmp_path_factory: pytest.TempPathFactory, running_wiki: Wiki, model_files: dict[str, Path]
) -> Iterator[ModelServer]:
    """A server that gives up early on MediaWiki, and logs what it is asked."""
    hasty = {
        "AIOHTTP_CLIENT_TIMEOUT": 0.7,
        "MW_API_MAX_RETRIES": 1,
        "MW_API_RETRY_BASE_DELAY": 0.01,
        "LOG_JSON_PAYLOAD": "yes",
    }
    settings = environment_for("enwiki-damaging", model_files, running_wiki, hasty)
    server = ModelServer(tmp_path_factory.mktemp("hasty") / "server.log", settings)
    yield server
    server.close()


@pytest.mark.parametrize(
    "knobs",
    [{"malformed": kind} for kind in ("html", "truncated", "empty", True)]
    + [{"redirect": True}, {"error": {"api": "internal_api_error_DBQueryError"}}]
    + [{"error": {"api": "badvalue"}}, {"error": {"status": 404}}, {"error": {"status": 500}}],
)
def test_fault_4_an_unusable_answer_of_mediawiki_is_a_502(
    hasty_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]], knobs: dict[str, Any]
) -> None:
    wiki.turn(**knobs)
    answer = hasty_server.predict("enwiki-damaging", {"rev_id": nasty["ordinary"][0]})
    assert answer.status == 502, answer.body
    assert not any(secret in answer.body.decode() for secret in SECRETS)
    wiki.reset()
    assert hasty_server.predict("enwiki-damaging", {"rev_id": nasty["ordinary"][0]}).status == 200


@pytest.mark.parametrize(
    "knobs",
    [{"latency": 5}, {"slow_body": 5}, {"error": {"api": "maxlag"}}]
    + [{"error": {"status": status}} for status in (429, 502, 503, 504)],
)
def test_fault_2_a_slow_or_busy_mediawiki_is_a_503_in_time(
    hasty_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]], knobs: dict[str, Any]
) -> None:
    wiki.turn(**knobs)
    answer = hasty_server.predict("enwiki-damaging", {"rev_id": nasty["ordinary"][0]}, timeout=4)
    assert answer.status == 503, answer.body
    assert int(answer.headers["retry-after"]) >= 1


def test_a_mediawiki_that_fails_once_is_not_noticed(
    hasty_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    wiki.turn(error={"status": 503}, fail_first=1)
    assert hasty_server.predict("enwiki-damaging", {"rev_id": nasty["ordinary"][0]}).status == 200


@pytest.fixture(scope="module")
def lonely_server(
    tmp_path_factory: pytest.TempPathFactory, light_model: Path
) -> Iterator[tuple[ModelServer, int]]:
    """A server, and the port of 127.0.0.1 where its wiki would be."""
    port = free_port()
    environment = {
        "INFERENCE_NAME": "enwiki-damaging",
        "MODEL_PATH": str(light_model),
        "WIKI_URL": f"http://127.0.0.1:{port}",
        "MW_API_RETRY_BASE_DELAY": "0.01",
        "REQUEST_DEADLINE_SECONDS": "1.5",
        "AIOHTTP_CLIENT_TIMEOUT": "100",
    }
    server = ModelServer(tmp_path_factory.mktemp("lonely") / "server.log", environment)
    yield server, port
    server.close()


def test_an_unreachable_mediawiki_is_a_503(lonely_server: tuple[ModelServer, int]) -> None:
    answer = lonely_server[0].predict("enwiki-damaging", {"rev_id": 1})
    assert answer.status == 503
    assert answer.json == {"error": "MediaWiki cannot be reached."}


def test_a_wiki_that_hangs_longer_than_the_deadline_is_a_503_and_is_waited_for_no_longer(
    lonely_server: tuple[ModelServer, int],
) -> None:
    server, port = lonely_server
    with socket.create_server(("127.0.0.1", port)) as wiki:
        wiki.settimeout(20)
        started = time.monotonic()
        answer = server.predict("enwiki-damaging", {"rev_id": 1})
        assert 1.5 <= time.monotonic() - started < 20
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert answer.json["error"].startswith("The request's time was over")
        connection, _ = wiki.accept()
        with connection:
            connection.settimeout(20)
            assert connection.recv(10_000).startswith(b"GET /w/api.php?action=query")
            assert connection.recv(1) == b"", "the call should have ended with the request"


def test_fault_5_a_defect_is_a_500_with_a_request_id_whose_traceback_is_in_the_log(
    start: Start, tmp_path: Path, nasty: dict[str, list[int]]
) -> None:
    broken = tmp_path / "model.bin"
    make_model("write_broken_model", broken)
    server = start(MODEL_PATH=broken)
    url = f"{server.url}/v1/models/enwiki-damaging:predict"
    body = json.dumps({"rev_id": nasty["ordinary"][0]}).encode()
    answer = call(url, body, {"X-Request-Id": "my-request-7"})
    assert answer.status == 500
    assert answer.headers["x-request-id"] == "my-request-7"
    assert "my-request-7" in answer.json["error"]
    assert not any(secret in answer.body.decode() for secret in SECRETS)
    lines = [line for line in server.log_lines() if line.get("request_id") == "my-request-7"]
    assert any("ZeroDivisionError" in json.dumps(line) for line in lines)


def test_every_answer_has_a_request_id(server: ModelServer) -> None:
    made = call(f"{server.url}/v2/health/live").headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", made)
    unsafe = {"X-Request-Id": 'x" y'}
    assert call(f"{server.url}/v2/health/live", headers=unsafe).headers["x-request-id"] != 'x" y'


def test_the_whole_log_is_json(server: ModelServer) -> None:
    server.predict(MODEL, b"{")
    assert server.log_lines()


def test_payloads_are_logged_only_when_asked_for(
    server: ModelServer, hasty_server: ModelServer
) -> None:
    request = {"rev_id": 7_777_777}
    for asked in (server, hasty_server):
        assert asked.predict("enwiki-damaging", request).status == 400
    logged = [line["payload"] for line in hasty_server.log_lines() if "payload" in line]
    assert logged[-1:] == [request]
    assert "answered 400" in server.log_lines()[-1]["message"]
    assert [line for line in server.log_lines() if "payload" in line] == []


@pytest.mark.timeout(300)
def test_fault_25_a_log_that_nobody_reads_stops_no_server(
    tmp_path: Path, wiki: Wiki, light_model: Path, nasty: dict[str, list[int]]
) -> None:
    log = tmp_path / "log"
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    asks = light_environment(light_model, wiki) | {"LOG_JSON_PAYLOAD": "1"}
    server = ModelServer(log, asks)
    try:
        # More than a pipe and the queue before it hold: about four kilobytes a line.
        body = json.dumps({"rev_id": "x", **{f"field{n}": "x" * 180 for n in range(19)}}).encode()
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: server.predict(NAME, body), range(1500)))
        assert {answer.status for answer in answers} == {400}
        dropped = server.metrics()["liftwing_log_lines_dropped_total"]
        assert 0 < dropped < 2500

        # Whoever is forked now inherits the same pipe.
        for pid in server.worker_pids():
            os.kill(pid, signal.SIGKILL)
        for rev_id in nasty["ordinary"][:20]:
            assert server.predict(NAME, {"rev_id": rev_id}).status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
    finally:
        server.process.kill()
        server.close()
        os.close(reader)


@pytest.mark.alone
def test_a_request_ends_when_its_caller_stops_waiting(
    all_models_server: ModelServer, wiki: Wiki
) -> None:
    wiki.turn(latency=3)
    started = time.monotonic()
    url = f"{all_models_server.url}/v1/models/enwiki-damaging:predict"
    answer = call(url, b'{"rev_id": 1000021}', {"X-Request-Timeout": "0.6"})
    assert (answer.status, answer.json) == (503, {"error": "The request's time was over."})
    assert time.monotonic() - started < 2.5
