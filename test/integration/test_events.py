"""Events in, score events out: each with its own score, exactly once, whatever EventGate does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.events import page_change, revision_create, schema_validator
from support.processes import EventGate, ModelServer, Wiki, call, wait_until
from support.services import environment_for

MODEL = "enwiki-damaging"
STREAM = "mediawiki.revision_score_damaging"


@pytest.fixture(scope="module")
def running_eventgate() -> Iterator[EventGate]:
    eventgate = EventGate()
    yield eventgate
    eventgate.close()


@pytest.fixture
def eventgate(running_eventgate: EventGate) -> EventGate:
    running_eventgate.reset()
    return running_eventgate


@pytest.fixture(scope="module")
def event_server(
    tmp_path_factory: pytest.TempPathFactory,
    running_wiki: Wiki,
    running_eventgate: EventGate,
    model_files: dict[str, Path],
) -> Iterator[ModelServer]:
    sends = {
        "EVENTGATE_URL": f"{running_eventgate.url}/v1/events",
        "EVENTGATE_STREAM": STREAM,
        "AIOHTTP_CLIENT_TIMEOUT": "2",
    }
    environment = environment_for(MODEL, model_files, running_wiki, sends)
    server = ModelServer(tmp_path_factory.mktemp("events") / "server.log", environment)
    yield server
    server.close()


def probability_of(answer: Any, rev_id: int) -> Any:
    return answer["enwiki"]["scores"][str(rev_id)]["damaging"]["score"]["probability"]


def wait_for_events(eventgate: EventGate, count: int, seconds: float = 20) -> list[dict[str, Any]]:
    wait_until(lambda: len(eventgate.events()) >= count, seconds, f"{count} events")
    time.sleep(0.5)
    return eventgate.events()


@pytest.mark.parametrize("make", [revision_create, page_change])
def test_a_request_with_an_event_is_scored_and_emits_one(
    event_server: ModelServer,
    wiki: Wiki,
    eventgate: EventGate,
    nasty: dict[str, list[int]],
    make: Any,
) -> None:
    rev_id = nasty["ordinary"][0]
    answer = event_server.predict(MODEL, {"event": make(rev_id, "enwiki")})
    assert answer.status == 200
    (event,) = wait_for_events(eventgate, 1)
    assert event["$schema"] == "/mediawiki/revision/score/3.0.0"
    assert event["meta"]["stream"] == STREAM
    assert event["rev_id"] == rev_id
    score = event["scores"]["damaging"]
    assert score["model_name"] == "damaging" and score["model_version"] == "0.0.1"
    assert score["probability"] == probability_of(answer.json, rev_id)
    assert score["prediction"] in (["true"], ["false"])
    schema_validator("revision-score-3.0.0").validate(event)


def test_a_plain_rev_id_emits_nothing(
    event_server: ModelServer, wiki: Wiki, eventgate: EventGate, nasty: dict[str, list[int]]
) -> None:
    assert event_server.predict(MODEL, {"rev_id": nasty["ordinary"][0]}).status == 200
    time.sleep(0.5)
    assert eventgate.events() == []


def test_an_event_of_another_wiki_is_refused_and_emits_nothing(
    event_server: ModelServer, wiki: Wiki, eventgate: EventGate, nasty: dict[str, list[int]]
) -> None:
    for event in (revision_create(nasty["ordinary"][0], "dewiki"), page_change(1, "dewiki")):
        answer = event_server.predict(MODEL, {"event": event})
        assert answer.status == 400
        assert answer.json["error"] == "Event of wiki dewiki sent to a server of enwiki."
    time.sleep(0.5)
    assert eventgate.events() == []


def test_the_same_event_twice_at_once_emits_twice_although_the_score_is_shared(
    event_server: ModelServer, wiki: Wiki, eventgate: EventGate, nasty: dict[str, list[int]]
) -> None:
    wiki.turn(latency=0.3)
    request = {"event": revision_create(nasty["ordinary"][1], "enwiki")}
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: event_server.predict(MODEL, request), range(5)))
    assert [answer.status for answer in answers] == [200] * 5
    events = wait_for_events(eventgate, 5)
    assert len(events) == len({event["meta"]["id"] for event in events}) == 5


@pytest.mark.timeout(300)
def test_fault_1_200_mixed_requests_each_emit_their_own_score_exactly_once(
    event_server: ModelServer, wiki: Wiki, eventgate: EventGate, nasty: dict[str, list[int]]
) -> None:
    """Plain rev_ids and events of different revisions, while EventGate is slow and fails."""
    eventgate.turn(status=500, latency=0.2, fraction=0.3)
    rev_ids = nasty["ordinary"][:200]
    assert len(set(rev_ids)) == 200
    makers = [None, revision_create, page_change]

    def ask(pair: tuple[int, int]) -> Any:
        number, rev_id = pair
        make = makers[number % 3]
        request = {"event": make(rev_id, "enwiki")} if make else {"rev_id": rev_id}
        return event_server.predict(MODEL, request, timeout=120)

    with ThreadPoolExecutor(200) as threads:
        answers = dict(zip(rev_ids, threads.map(ask, enumerate(rev_ids))))

    assert {answer.status for answer in answers.values()} == {200}
    expected = {rev_id for number, rev_id in enumerate(rev_ids) if makers[number % 3]}
    events = wait_for_events(eventgate, len(expected), 60)
    assert Counter(event["rev_id"] for event in events) == Counter(expected)
    assert len({event["meta"]["id"] for event in events}) == len(expected)
    for event in events:
        own = probability_of(answers[event["rev_id"]].json, event["rev_id"])
        assert event["scores"]["damaging"]["probability"] == own
        schema_validator("revision-score-3.0.0").validate(event)
    for rev_id, answer in answers.items():
        assert list(answer.json["enwiki"]["scores"]) == [str(rev_id)]
    different = {str(probability_of(answer.json, id_)) for id_, answer in answers.items()}
    assert len(different) > 60


@pytest.mark.parametrize("knobs", [{"status": 500}, {"latency": 5}, {"status": 400}])
def test_fault_12_a_failing_eventgate_never_costs_a_score(
    event_server: ModelServer,
    wiki: Wiki,
    eventgate: EventGate,
    nasty: dict[str, list[int]],
    knobs: dict[str, Any],
) -> None:
    eventgate.turn(**knobs)
    request = {"event": revision_create(nasty["ordinary"][2], "enwiki")}
    started = time.monotonic()
    answer = event_server.predict(MODEL, request)
    assert answer.status == 200
    assert time.monotonic() - started < 2.0
    eventgate.reset()


def test_events_under_way_are_delivered_before_the_server_ends(
    tmp_path: Path,
    wiki: Wiki,
    model_files: dict[str, Path],
    nasty: dict[str, list[int]],
) -> None:
    eventgate = EventGate()
    sends = {"EVENTGATE_URL": f"{eventgate.url}/v1/events", "EVENTGATE_STREAM": STREAM}
    environment = environment_for(MODEL, model_files, wiki, sends)
    server = ModelServer(tmp_path / "server.log", environment)
    eventgate.turn(latency=0.3)
    for rev_id in nasty["ordinary"][:5]:
        server.predict(MODEL, {"event": revision_create(rev_id, "enwiki")})
    assert server.close() == 0
    assert len(eventgate.events()) == 5
    eventgate.close()


def test_metrics_count_what_became_of_events(
    event_server: ModelServer, wiki: Wiki, eventgate: EventGate, nasty: dict[str, list[int]]
) -> None:
    def counts() -> dict[str, float]:
        text = call(f"{event_server.url}/metrics").body.decode()
        lines = (line.rpartition(" ") for line in text.splitlines() if "liftwing_events_t" in line)
        return {name: float(value) for name, _, value in lines if not name.startswith("#")}

    before = counts()
    event_server.predict(MODEL, {"event": revision_create(nasty["ordinary"][0], "enwiki")})
    wait_for_events(eventgate, 1)
    after = counts()
    for result in ("accepted", "delivered"):
        name = f'liftwing_events_total{{result="{result}"}}'
        assert after[name] == before.get(name, 0) + 1
