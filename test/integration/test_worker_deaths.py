"""Processes are killed under load; nobody but the one request concerned may notice."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.processes import call, children, exists, wait_until
from support.services import Start

MODEL = "enwiki-damaging"


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_fault_10_a_killed_worker_is_replaced_within_a_second_and_its_request_answered(
    start: Start, nasty: dict[str, list[int]]
) -> None:
    server = start()
    workers = server.worker_pids()
    assert len(workers) == 2
    heavy = {"rev_id": nasty["large_parent"][0]}
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(server.predict, MODEL, heavy)
        time.sleep(0.25)
        # Both: one of them has the request. Each request survives the death of one worker.
        kill(workers[0])
        whole = wait_until(lambda: len(set(server.worker_pids()) - {workers[0]}) == 2, 5, "whole")
        assert answer.result().status == 200
    assert whole < 1.0
    kill(workers[1])
    assert server.predict(MODEL, heavy).status == 200


def test_fault_10_bystanders_are_not_touched_while_workers_die(
    start: Start, nasty: dict[str, list[int]]
) -> None:
    server = start()
    stop = threading.Event()

    def killer() -> None:
        while not stop.wait(0.7):
            for pid in server.worker_pids()[:1]:
                kill(pid)

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(
                    lambda rev_id: server.predict(MODEL, {"rev_id": rev_id}),
                    nasty["ordinary"][:100],
                )
            )
    finally:
        stop.set()
        thread.join()

    assert any("a worker died" in line["message"] for line in server.log_lines())
    # A request whose worker dies twice in a row is a 503; nothing else may happen to any.
    assert {answer.status for answer in answers} <= {200, 503}
    assert sum(answer.status == 200 for answer in answers) >= 98


def test_the_templates_death_is_survived(start: Start, nasty: dict[str, list[int]]) -> None:
    server = start()
    template = server.template_pid()
    workers = server.worker_pids()
    kill(template)
    rev_ids = nasty["ordinary"][:10]
    statuses = {server.predict(MODEL, {"rev_id": rev_id}).status for rev_id in rev_ids}
    assert statuses == {200}

    wait_until(lambda: not exists(template) and server_has_template(server), 20, "a new template")
    assert all(exists(pid) for pid in workers)
    # The new template replaces workers like the old one did.
    kill(workers[0])
    assert server.predict(MODEL, {"rev_id": rev_ids[0]}).status == 200
    wait_until(lambda: len(server.worker_pids()) == 1, 5, "a worker of the new template")


def server_has_template(server: object) -> bool:
    try:
        return bool(server.template_pid())  # type: ignore[attr-defined]
    except ValueError:
        return False


def test_not_ready_while_no_worker_lives(start: Start, nasty: dict[str, list[int]]) -> None:
    server = start(ASYNCIO_AUX_WORKERS=1)
    kill(server.template_pid())
    time.sleep(0.1)
    for pid in children(server.process.pid):
        kill(pid)
    wait_until(lambda: call(f"{server.url}/v2/health/ready").status == 503, 2, "not ready")
    assert call(f"{server.url}/v2/health/live").status == 200
    wait_until(lambda: call(f"{server.url}/v2/health/ready").status == 200, 20, "ready again")
    assert server.predict(MODEL, {"rev_id": nasty["ordinary"][0]}).status == 200


def test_a_task_over_its_deadline_is_stopped_and_answered_with_503(
    start: Start, nasty: dict[str, list[int]]
) -> None:
    server = start(ASYNCIO_AUX_WORKERS=1, REQUEST_DEADLINE_SECONDS=0.4)
    before = server.worker_pids()
    started = time.monotonic()
    answer = server.predict(MODEL, {"rev_id": nasty["large_parent"][0]})
    assert time.monotonic() - started < 1.5
    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    wait_until(lambda: server.worker_pids() not in ([], before), 2, "a new worker")
    small = min(nasty["ordinary"], key=lambda rev_id: rev_id)
    assert server.predict(MODEL, {"rev_id": small}).status in (200, 503)


def test_a_server_killed_with_9_leaves_no_process_behind(start: Start) -> None:
    server = start()
    processes = [server.template_pid(), *server.worker_pids()]
    kill(server.process.pid)
    wait_until(lambda: not any(exists(pid) for pid in processes), 2, "all gone")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_server_leaves_no_process_behind(start: Start, how: signal.Signals) -> None:
    server = start()
    processes = [server.template_pid(), *server.worker_pids()]
    server.process.send_signal(how)
    assert server.process.wait(10) == 0
    assert not any(exists(pid) for pid in processes)
