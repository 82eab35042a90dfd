"""Events in, score events out: each with its own score, exactly once, whatever EventGate does."""

from __future__ import annotations

import signal
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.deliveries import (
    SECONDS,
    STREAM,
    Deliveries,
    RememberingEventGate,
    assert_score_of,
    event_environment,
)
from support.events import assert_valid, page_change, revision_create
from support.light import NAME, light_environment
from support.processes import EventGate, ModelServer, Wiki, call, wait_until


@pytest.fixture(scope="module")
def running_eventgate() -> Iterator[EventGate]:
    eventgate = RememberingEventGate()
    yield eventgate
    eventgate.close()


@pytest.fixture
def eventgate(running_eventgate: EventGate) -> EventGate:
    """The EventGate, without faults."""
    running_eventgate.reset()
    return running_eventgate


@pytest.fixture
def deliveries(eventgate: EventGate) -> Deliveries:
    return Deliveries(eventgate)


@pytest.fixture(scope="module")
def event_server(
    tmp_path_factory: pytest.TempPathFactory,
    running_wiki: Wiki,
    running_eventgate: EventGate,
    light_model: Path,
) -> Iterator[ModelServer]:
    environment = light_environment(light_model, running_wiki)
    environment |= event_environment(running_eventgate)
    server = ModelServer(tmp_path_factory.mktemp("events") / "server.log", environment)
    yield server
    server.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("make", [revision_create, page_change])
def test_a_request_with_an_event_is_scored_and_emits_one(
    event_server: ModelServer,
    wiki: Wiki,
    deliveries: Deliveries,
    light_stock: dict[int, dict[str, Any]],
    make: Any,
) -> None:
    rev_id = list(light_stock)[0]
    answer = event_server.predict(NAME, {"event": make(rev_id, "enwiki")})
    assert answer.status == 200
    assert answer.json["enwiki"]["scores"] == {
        str(rev_id): {"damaging": {"score": light_stock[rev_id]["score"]}}
    }
    (event,) = deliveries.wait_for(1)
    assert event["$schema"] == "/mediawiki/revision/score/3.0.0"
    assert event["meta"]["stream"] == STREAM
    assert event["rev_id"] == rev_id
    assert_score_of(event, light_stock)
    assert_valid(event, "revision-score-3.0.0")


def test_a_plain_rev_id_and_events_that_are_refused_emit_nothing(
    event_server: ModelServer, wiki: Wiki, deliveries: Deliveries, nasty: dict[str, list[int]]
) -> None:
    silent, told = nasty["ordinary"][:2]
    assert event_server.predict(NAME, {"rev_id": silent}).status == 200
    for event in (revision_create(silent, "dewiki"), page_change(silent, "dewiki")):
        answer = event_server.predict(NAME, {"event": event})
        assert answer.status == 400
        assert answer.json["error"] == "Event of wiki dewiki sent to a server of enwiki."
    huge = revision_create(silent, "enwiki", performer={"user_groups": ["x" * 50] * 10_000})
    answer = event_server.predict(NAME, {"event": huge})
    assert answer.status == 400
    assert answer.json["error"].startswith("Event too large: ")
    # Events leave in their order: what the others had emitted would be there before this one.
    event_server.predict(NAME, {"event": revision_create(told, "enwiki")})
    assert [event["rev_id"] for event in deliveries.wait_for(1)] == [told]


def test_the_same_event_twice_at_once_emits_twice_although_the_score_is_shared(
    event_server: ModelServer, wiki: Wiki, deliveries: Deliveries, nasty: dict[str, list[int]]
) -> None:
    wiki.turn(latency=0.3)
    request = {"event": revision_create(nasty["ordinary"][1], "enwiki")}
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: event_server.predict(NAME, request), range(5)))
    assert [answer.status for answer in answers] == [200] * 5
    events = deliveries.wait_for(5)
    assert len(events) == len({event["meta"]["id"] for event in events}) == 5


@pytest.mark.timeout(300)
def test_fault_1_200_mixed_requests_each_emit_their_own_score_exactly_once(
    event_server: ModelServer,
    wiki: Wiki,
    eventgate: EventGate,
    deliveries: Deliveries,
    light_stock: dict[int, dict[str, Any]],
) -> None:
    """Plain rev_ids and events of different revisions, while EventGate is slow and fails."""
    eventgate.turn(status=500, latency=0.2, fraction=0.3, fail_first=4)
    rev_ids = list(light_stock)
    makers = [None, revision_create, page_change]

    def ask(pair: tuple[int, int]) -> Any:
        number, rev_id = pair
        make = makers[number % 3]
        request = {"event": make(rev_id, "enwiki")} if make else {"rev_id": rev_id}
        return event_server.predict(NAME, request, timeout=250)

    with ThreadPoolExecutor(200) as threads:
        answers = dict(zip(rev_ids, threads.map(ask, enumerate(rev_ids))))

    assert {answer.status for answer in answers.values()} == {200}
    for rev_id, answer in answers.items():
        score = {"score": light_stock[rev_id]["score"]}
        assert answer.json["enwiki"]["scores"] == {str(rev_id): {"damaging": score}}
    expected = [rev_id for number, rev_id in enumerate(rev_ids) if makers[number % 3]]
    events = deliveries.wait_for(len(expected))
    assert Counter(event["rev_id"] for event in events) == Counter(expected)
    assert len({event["meta"]["id"] for event in events}) == len(expected)
    for event in events:
        assert_score_of(event, light_stock)
        assert_valid(event, "revision-score-3.0.0")


@pytest.mark.parametrize(
    ("knobs", "delivered"),
    [({"status": 500}, 1), ({"status": 503, "latency": 1.5}, 1), ({"status": 400}, 0)],
)
def test_fault_12_a_failing_eventgate_never_costs_a_score(
    event_server: ModelServer,
    wiki: Wiki,
    eventgate: EventGate,
    deliveries: Deliveries,
    nasty: dict[str, list[int]],
    knobs: dict[str, Any],
    delivered: int,
) -> None:
    eventgate.turn(**knobs)
    request = {"event": revision_create(nasty["ordinary"][2], "enwiki")}
    assert event_server.predict(NAME, request).status == 200
    if "latency" in knobs:
        assert "503" not in eventgate.calls()["by_status"], "the answer waited for EventGate"
    wait_until(lambda: eventgate.calls()["by_status"], SECONDS, "EventGate is asked")
    eventgate.turn()
    last = {"event": revision_create(nasty["ordinary"][3], "enwiki")}
    assert event_server.predict(NAME, last).status == 200
    expected = [nasty["ordinary"][2]] * delivered + [nasty["ordinary"][3]]
    events = deliveries.wait_for(len(expected))
    assert sorted(event["rev_id"] for event in events) == sorted(expected)


def test_metrics_count_what_became_of_events(
    event_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    def count(result: str) -> float:
        sample = f'liftwing_events_total{{result="{result}"}} '
        lines = call(f"{event_server.url}/metrics").body.decode().splitlines()
        return sum(float(line.removeprefix(sample)) for line in lines if line.startswith(sample))

    wait_until(lambda: count("accepted") == count("delivered") + count("rejected"), SECONDS, "rest")
    accepted, delivered = count("accepted"), count("delivered")
    event_server.predict(NAME, {"event": revision_create(nasty["ordinary"][0], "enwiki")})
    assert count("accepted") == accepted + 1
    wait_until(lambda: count("delivered") > delivered, SECONDS, "a delivery")
    assert count("delivered") == delivered + 1


def test_events_that_wait_when_the_server_stops_are_delivered_before_it_ends(
    event_server: ModelServer,
    wiki: Wiki,
    eventgate: EventGate,
    deliveries: Deliveries,
    nasty: dict[str, list[int]],
) -> None:
    """Ends the module's server, so it stands last; then none of its events can come any more."""
    eventgate.turn(status=503)
    rev_ids = nasty["ordinary"][:5]
    for rev_id in rev_ids:
        event_server.predict(NAME, {"event": revision_create(rev_id, "enwiki")})
    # After some failures the pause before the next try is longer than a server takes to end.
    wait_until(lambda: eventgate.calls()["total"] >= 3, SECONDS, "EventGate refuses events")
    assert deliveries.events() == []

    event_server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not is_listening(event_server.port), SECONDS, "the server stops")
    eventgate.turn()
    assert event_server.process.wait(SECONDS) == 0
    assert sorted(event["rev_id"] for event in deliveries.events()) == sorted(rev_ids)

    ids = Counter(event["meta"]["id"] for event in eventgate.events())
    assert set(ids.values()) == {1}, "some event of this file was delivered twice"


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
