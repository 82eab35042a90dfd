"""What the servers behind the front do to its clients when they die, and when it stops itself."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.environment import environment
from support.front import PROGRAM, Front
from support.light import light_environment
from support.ports import free_port
from support.processes import ModelServer, Wiki, wait_until

HELD, KILLED = "enwiki-damaging", "enwiki-goodfaith"


class Load:
    """Clients that ask for two models, one by one and together, until they are told to stop."""

    def __init__(self, front: Front, rev_id: int, clients: int = 4) -> None:
        self.seen: dict[str, Counter[Any]] = {name: Counter() for name in (HELD, KILLED, "both")}
        self._front = front
        self._rev_id = rev_id
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(clients)
        self._asking = [self._threads.submit(self._ask) for _ in range(clients)]

    def take(self) -> dict[str, Counter[Any]]:
        """What was answered since the last time."""
        seen, self.seen = self.seen, {name: Counter() for name in self.seen}
        return seen

    def stop(self) -> None:
        self._stop.set()
        for asking in self._asking:
            asking.result()
        self._threads.shutdown()

    def _ask(self) -> None:
        body = json.dumps({"rev_id": self._rev_id}).encode()
        while not self._stop.is_set():
            for name in (HELD, KILLED):
                answer = self._front.post(f"/v1/models/{name}:predict", body)
                self.seen[name][answer.status] += 1
            told = self._front.get(f"/v3/scores/enwiki/{self._rev_id}", models="damaging|goodfaith")
            entries = told.json["enwiki"]["scores"][str(self._rev_id)] if told.status == 200 else {}
            shown = (
                told.status,
                *("score" in entries.get(it, {}) for it in ("damaging", "goodfaith")),
            )
            self.seen["both"][shown] += 1


@pytest.fixture
def servers(tmp_path: Path, light_model: Path, running_wiki: Wiki) -> Iterator[list[ModelServer]]:
    settings = light_environment(light_model, running_wiki)
    started = [
        ModelServer(tmp_path / name, settings | {"INFERENCE_NAME": name}, wait=False)
        for name in (HELD, KILLED)
    ]
    for server in started:
        server.wait_until_ready()
    yield started
    for server in started:
        server.close()


def test_a_server_that_dies_costs_its_own_models_and_comes_back_without_a_restart(
    servers: list[ModelServer],
    light_model: Path,
    wiki: Wiki,
    nasty: dict[str, list[int]],
    tmp_path: Path,
) -> None:
    held, killed = servers
    front = Front(tmp_path / "front", f"{HELD} {held.url}, {KILLED} {killed.url}")
    load = Load(front, nasty["ordinary"][0])
    try:
        wait_until(lambda: sum(load.seen["both"].values()) > 20, 60, "some answers")
        before = load.take()
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait()
        load.take()
        wait_until(lambda: sum(load.seen["both"].values()) > 40, 60, "some more answers")
        meanwhile = load.take()
        again = ModelServer(
            tmp_path / "again",
            light_environment(light_model, wiki) | {"INFERENCE_NAME": KILLED},
            port=killed.port,
        )
        servers.append(again)
        wait_until(lambda: load.seen[KILLED][200] > 0, 60, "it is back")
        time.sleep(0.5)
        load.take()
        wait_until(lambda: sum(load.seen["both"].values()) > 20, 60, "some answers")
        after = load.take()
    finally:
        load.stop()
        assert front.close() == 0
    whole = {HELD: {200}, KILLED: {200}, "both": {(200, True, True)}}
    assert {name: set(seen) for name, seen in before.items()} == whole
    assert {name: set(seen) for name, seen in after.items()} == whole
    assert set(meanwhile[HELD]) == {200}
    # What was under way when it died is an error, too, but no other one.
    assert set(meanwhile[KILLED]) <= {503}
    assert set(meanwhile["both"]) == {(200, True, False)}


@pytest.mark.alone
def test_a_server_that_hangs_delays_only_who_asks_for_it(
    servers: list[ModelServer], wiki: Wiki, nasty: dict[str, list[int]], tmp_path: Path
) -> None:
    held, hung = servers
    settings = {"REQUEST_DEADLINE_SECONDS": "2", "MAX_CALLS_PER_SERVER": "3"}
    front = Front(tmp_path / "front", f"{HELD} {held.url}, {KILLED} {hung.url}", settings)
    body = json.dumps({"rev_id": nasty["ordinary"][0]}).encode()
    assert front.post(f"/v1/models/{HELD}:predict", body).status == 200
    hung.process.send_signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(12) as threads:
            waiting = [
                threads.submit(front.post, f"/v1/models/{KILLED}:predict", body) for _ in range(10)
            ]
            time.sleep(0.3)
            began = time.monotonic()
            for _ in range(5):
                assert front.post(f"/v1/models/{HELD}:predict", body).status == 200
            assert time.monotonic() - began < 1.5
            answers = [one.result() for one in waiting]
        assert {answer.status for answer in answers} == {503}
        assert all("retry-after" in answer.headers for answer in answers)
    finally:
        hung.process.send_signal(signal.SIGCONT)
    assert front.post(f"/v1/models/{KILLED}:predict", body).status == 200
    assert front.close() == 0


@pytest.mark.alone
@pytest.mark.parametrize("asked", ["model", "form"])
def test_a_stop_waits_for_what_is_under_way(
    servers: list[ModelServer],
    wiki: Wiki,
    nasty: dict[str, list[int]],
    tmp_path: Path,
    asked: str,
) -> None:
    front = Front(tmp_path / "front", f"{HELD} {servers[0].url}", {"DRAIN_DELAY_SECONDS": "1"})
    rev_id = nasty["ordinary"][1 if asked == "model" else 2]
    body = json.dumps({"rev_id": rev_id}).encode()
    # Two calls, which take longer than aiohttp waits by itself after the drain delay.
    wiki.turn(latency=1.6)
    with ThreadPoolExecutor(2) as threads:
        if asked == "model":
            first = threads.submit(front.post, f"/v1/models/{HELD}:predict", body)
        else:
            form = f"/ui/?wiki=enwiki&models=damaging&revids={rev_id}"
            first = threads.submit(front.get, form)
        time.sleep(0.2)
        front.process.send_signal(signal.SIGTERM)
        wait_until(lambda: front.get("/v2/health/ready").status == 503, 5, "it is not ready")
        assert front.get("/").status == 200
        assert first.result().status == 200
    assert front.process.wait(20) == 0


def test_a_start_that_makes_no_sense_ends_with_a_line() -> None:
    def said(servers: str, port: int) -> str:
        command = [sys.executable, str(PROGRAM), "--http_port", str(port)]
        settings = environment({"MODEL_SERVERS": servers})
        done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        return done.stderr

    assert "MODEL_SERVERS: no model server is named" in said("", free_port())
    assert "is not of the form PATTERN URL" in said("enwiki-damaging", free_port())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = said("* http://127.0.0.1:9", taken.getsockname()[1])
    assert "--http_port chooses another" in text and "Traceback" not in text
