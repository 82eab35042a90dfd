"""Batches of odd things, and batches while something breaks: each instance has its own fate."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.events import page_change, revision_create
from support.light import NAME, answer_to, light_environment
from support.processes import Answer, ModelServer, Wiki, call, cpu_time, wait_until
from support.spoiler import Spoiler, spoiling

Stock = dict[int, dict[str, Any]]

UNKNOWN = 999_999_999
# Asked for in one call; the next group is not asked for before this one is nearly done.
GROUP = 50


@pytest.fixture(scope="module")
def running_spoiler(running_wiki: Wiki) -> Iterator[Spoiler]:
    with spoiling(running_wiki.url) as spoiler:
        yield spoiler


@pytest.fixture
def spoiler(running_spoiler: Spoiler) -> Iterator[Spoiler]:
    yield running_spoiler
    running_spoiler.spoiled.clear()


@pytest.fixture(scope="module")
def running_server(
    tmp_path_factory: pytest.TempPathFactory,
    running_wiki: Wiki,
    running_spoiler: Spoiler,
    light_model: Path,
) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("stress") / "server.log"
    settings = light_environment(light_model, running_wiki) | {
        "WIKI_URL": running_spoiler.url,
        # There are no more workers than two.
        "MWAPI_REVID_CONTENT_THRESHOLD_BYTES": str(1 << 40),
    }
    server = ModelServer(log, settings)
    yield server
    server.close()


@pytest.fixture
def server(running_server: ModelServer, wiki: Wiki) -> ModelServer:
    wait_until(lambda: len(running_server.worker_pids()) == 2, 20, "two workers")
    return running_server


def ask(server: ModelServer, instances: list[Any]) -> Answer:
    return server.predict(NAME, {"instances": instances}, timeout=250)


def of_revisions(rev_ids: list[int]) -> list[Any]:
    return [{"rev_id": rev_id} for rev_id in rev_ids]


def predictions_of(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer.body
    predictions: list[Any] = answer.json["predictions"]
    return predictions


ODD: dict[str, Any] = {
    "nothing": {},
    "null": None,
    "true": True,
    "a number": 1.5,
    "a text": "rev_id",
    "a list": [1],
    "true as rev_id": {"rev_id": True},
    "a float as rev_id": {"rev_id": 1.0},
    "a text as rev_id": {"rev_id": "1"},
    "null as rev_id": {"rev_id": None},
    "zero": {"rev_id": 0},
    "a negative": {"rev_id": -1},
    "64 bits": {"rev_id": 2**63},
    "a revision that is not there": {"rev_id": UNKNOWN},
    "a text as extended_output": {"rev_id": 1, "extended_output": "yes"},
    "a number as event": {"event": 1},
    "an event of another wiki": {"event": revision_create(1, "dewiki")},
    "an event of another schema": {"event": page_change(1, version="9.0.0")},
    "a text as an event's revision": {"event": revision_create(1) | {"rev_id": "1"}},
    "another language": {"rev_id": 1, "lang": "de"},
}


def test_odd_instances_are_refused_as_they_would_be_alone(
    server: ModelServer, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)[:2]
    alone = [server.predict(NAME, odd) for odd in ODD.values()]
    assert [answer.status for answer in alone] == [400] * len(ODD)
    first, *odd, last = predictions_of(
        ask(server, [{"rev_id": rev_ids[0]}, *ODD.values(), {"rev_id": rev_ids[1]}])
    )
    assert [first, last] == [answer_to(rev_id, light_stock) for rev_id in rev_ids]
    for name, single, within in zip(ODD, alone, odd):
        assert within == {"error": {"code": 400, "message": single.json["error"]}}, name


# Which would make a whole V1 body unreadable; as elements of a tensor they are texts of their own.
UNREADABLE = ['{"rev_id": 1e400}', '{"event": {"page_title": "\\ud800"}}', "{", ""]


def test_odd_elements_of_a_tensor_are_refused_as_they_would_be_alone(
    server: ModelServer, light_stock: Stock
) -> None:
    rev_id = list(light_stock)[0]
    odd = [*map(json.dumps, ODD.values()), *UNREADABLE]
    alone = [server.predict(NAME, text.encode()) for text in odd]
    assert [answer.status for answer in alone] == [400] * len(odd)
    texts = [*odd, json.dumps({"rev_id": rev_id})]
    tensor = {"name": "input", "datatype": "BYTES", "shape": [len(texts)], "data": texts}
    body = json.dumps({"inputs": [tensor]}).encode()
    answer = call(f"{server.url}/v2/models/{NAME}/infer", body)
    assert answer.status == 200, answer.body
    *within, last = map(json.loads, answer.json["outputs"][0]["data"])
    assert last == answer_to(rev_id, light_stock)
    for text, single, refused in zip(odd, alone, within, strict=True):
        assert refused == {"error": {"code": 400, "message": single.json["error"]}}, text


def test_a_batch_within_a_batch_is_refused_in_its_place(
    server: ModelServer, light_stock: Stock
) -> None:
    rev_id = list(light_stock)[0]
    nested = {"instances": [{"rev_id": rev_id}], "rev_id": rev_id}
    answered, refused = predictions_of(ask(server, [{"rev_id": rev_id}, nested]))
    assert answered == answer_to(rev_id, light_stock)
    assert refused["error"]["code"] == 400 and "instances" in refused["error"]["message"]


def test_500_times_nothing_and_500_times_the_same_are_answered_500_times(
    server: ModelServer, wiki: Wiki, light_stock: Stock
) -> None:
    rev_id = list(light_stock)[3]
    refusals = predictions_of(ask(server, [{}] * 500))
    assert (
        refusals == [{"error": {"code": 400, "message": 'Expected "rev_id" in input data.'}}] * 500
    )
    wiki.reset()
    assert (
        predictions_of(ask(server, [{"rev_id": rev_id}] * 500))
        == [answer_to(rev_id, light_stock)] * 500
    )
    asked = [id_ for ids in wiki.calls()["revids"] for id_ in ids]
    assert asked.count(rev_id) == 1


def without_its_slots(revision: dict[str, Any]) -> None:
    revision["slots"] = "SECRET"


def of_no_time(revision: dict[str, Any]) -> None:
    revision["timestamp"] = ["SECRET"]


def named_as_another(revision: dict[str, Any]) -> None:
    revision["revid"] = UNKNOWN


def test_revisions_that_the_wiki_answers_badly_fail_in_their_places(
    server: ModelServer, spoiler: Spoiler, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)[20:80]
    bad = {rev_ids[1]: without_its_slots, rev_ids[30]: of_no_time, rev_ids[59]: named_as_another}
    spoiler.spoiled |= bad
    answer = ask(server, of_revisions(rev_ids))
    for rev_id, prediction in zip(rev_ids, predictions_of(answer)):
        if rev_id in bad:
            assert prediction["error"]["code"] == 502, prediction
        else:
            assert prediction == answer_to(rev_id, light_stock)
    assert b"SECRET" not in answer.body


def assert_right_or_503(predictions: list[Any], rev_ids: list[int], stock: Stock) -> int:
    """How many were not answered."""
    lost = 0
    for rev_id, prediction in zip(rev_ids, predictions, strict=True):
        if "error" in prediction:
            assert prediction["error"]["code"] == 503, prediction
            lost += 1
        else:
            assert prediction == answer_to(rev_id, stock)
    return lost


def computed(server: ModelServer) -> int:
    """Hundredths of a second that the workers have computed."""
    return sum(map(cpu_time, server.worker_pids()))


def kill_a_worker(server: ModelServer) -> None:
    pid = max(server.worker_pids(), key=cpu_time)
    os.kill(pid, signal.SIGKILL)


def test_workers_that_die_in_the_middle_of_a_batch_cost_no_score_but_their_own(
    server: ModelServer, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)
    before = computed(server)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask, server, of_revisions(rev_ids))
        wait_until(lambda: computed(server) > before + 5, 60, "workers at work")
        kill_a_worker(server)
        time.sleep(0.1)
        kill_a_worker(server)
        predictions = predictions_of(answer.result())
    # Each death costs a task at most its first try, and no task can have been at both.
    assert assert_right_or_503(predictions, rev_ids, light_stock) <= 1


@contextmanager
def stopped_workers(server: ModelServer) -> Iterator[None]:
    """While no worker goes on."""
    pids = server.worker_pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def asking(server: ModelServer, rev_ids: list[int]) -> Iterator[None]:
    """A client asks for a batch of these; it leaves at the end, answered or not."""
    body = json.dumps({"instances": of_revisions(rev_ids)}).encode()
    head = f"POST /v1/models/{NAME}:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + b"\r\n\r\n" + body)
        yield


def asked_for(wiki: Wiki, rev_ids: list[int]) -> set[int]:
    return {rev_id for ids in wiki.calls()["revids"] for rev_id in ids} & set(rev_ids)


def left(server: ModelServer) -> float:
    return server.metrics().get(f'liftwing_requests_total{{model="{NAME}",status="499"}}', 0)


def test_the_work_for_a_client_that_left_is_given_up(
    server: ModelServer, wiki: Wiki, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)
    before = left(server)
    with stopped_workers(server):
        with asking(server, rev_ids):
            wait_until(lambda: len(asked_for(wiki, rev_ids)) >= GROUP, 60, "it is under way")
        wait_until(lambda: left(server) == before + 1, 60, "the client is missed")
    # What others ask for is answered, and nothing that nobody waits for.
    assert predictions_of(ask(server, of_revisions(rev_ids[-1:])))
    assert len(asked_for(wiki, rev_ids)) <= 2 * GROUP + 1 < len(rev_ids)


def test_who_asks_alone_does_not_fail_with_a_batch_whose_client_left(
    server: ModelServer, wiki: Wiki, light_stock: Stock
) -> None:
    """Both wait for the same documents, which the batch asked for first."""
    wiki.turn(latency=1)
    rev_ids = list(light_stock)[:GROUP]
    with ThreadPoolExecutor(1) as threads:
        with asking(server, rev_ids):
            wait_until(lambda: asked_for(wiki, rev_ids), 60, "it is under way")
            alone = threads.submit(server.predict, NAME, {"rev_id": rev_ids[7]})
            time.sleep(0.3)
        answer = alone.result()
    assert (answer.status, answer.json) == (200, answer_to(rev_ids[7], light_stock))


def test_a_batch_in_flight_when_the_server_stops_is_answered(
    running_server: ModelServer, wiki: Wiki, light_stock: Stock
) -> None:
    """Ends the module's server, so it stands last."""
    server, rev_ids = running_server, list(light_stock)[:100]
    with ThreadPoolExecutor(1) as threads:
        with stopped_workers(server):
            answer = threads.submit(ask, server, of_revisions(rev_ids))
            wait_until(lambda: asked_for(wiki, rev_ids), 60, "it is under way")
            server.process.terminate()
            wait_until(
                lambda: "finishing what" in server.log.read_text(), 60, "the stop is noticed"
            )
        expected = [answer_to(rev_id, light_stock) for rev_id in rev_ids]
        assert predictions_of(answer.result()) == expected
    assert server.process.wait(60) == 0
