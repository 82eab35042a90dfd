"""A server that keeps finished scores: who is answered by them, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.caches import Redis, redis_in
from support.deliveries import Deliveries, assert_score_of, event_environment
from support.events import page_change, revision_create
from support.light import NAME, light_environment
from support.openinference import infer, infer_request
from support.processes import Answer, EventGate, ModelServer, Wiki, call

HIT, MISS, BYPASS = (
    f'liftwing_cache_total{{result="{result}"}}' for result in ("hit", "miss", "bypass")
)


@pytest.fixture(scope="module")
def running_eventgate() -> Iterator[EventGate]:
    eventgate = EventGate()
    yield eventgate
    eventgate.close()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis_in(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    running_wiki: Wiki,
    running_eventgate: EventGate,
    light_model: Path,
) -> Iterator[ModelServer]:
    environment = light_environment(light_model, running_wiki) | {"CACHE_BYTES": str(1 << 20)}
    environment |= event_environment(running_eventgate)
    server = ModelServer(tmp_path_factory.mktemp("kept") / "server.log", environment)
    yield server
    assert server.close() == 0, server.log.read_text()


def fresh(server: ModelServer, rev_id: int) -> Answer:
    url = f"{server.url}/v1/models/{NAME}:predict"
    return call(url, b'{"rev_id": %d}' % rev_id, {"Cache-Control": "no-cache"})


def test_a_hundred_identical_requests_are_at_most_three_calls_and_later_ones_none(
    server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_id = nasty["ordinary"][0]
    before = server.metrics()
    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(lambda _: server.predict(NAME, {"rev_id": rev_id}), range(100)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert wiki.calls()["total"] <= 3
    stage = f'liftwing_stage_seconds_count{{model="{NAME}",stage="extract"}}'
    after = server.metrics()
    assert after[stage] - before.get(stage, 0) == 1
    assert server.predict(NAME, {"rev_id": rev_id}).body == answers[0].body
    assert wiki.calls()["total"] <= 3
    assert server.metrics()[HIT] > after.get(HIT, 0)
    assert 0 < server.metrics()["liftwing_cache_bytes"] <= 1 << 20


def test_no_cache_asks_the_wiki_again_over_both_protocols(
    server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_id = nasty["ordinary"][1]
    first = server.predict(NAME, {"rev_id": rev_id})
    calls = wiki.calls()["total"]
    assert server.predict(NAME, {"rev_id": rev_id}).body == first.body
    assert wiki.calls()["total"] == calls
    bypassed = server.metrics().get(BYPASS, 0)
    assert fresh(server, rev_id).body == first.body
    again = wiki.calls()["total"]
    assert again > calls
    message = infer_request(NAME, b'{"rev_id": %d}' % rev_id)
    infer(server, message)
    assert wiki.calls()["total"] == again
    infer(server, message, metadata=(("cache-control", "no-cache"),))
    assert wiki.calls()["total"] > again
    assert server.metrics()[BYPASS] == bypassed + 2


def test_features_are_those_of_the_stock_library_whether_kept_or_not(
    server: ModelServer, light_stock: dict[int, dict[str, Any]]
) -> None:
    rev_id = list(light_stock)[2]
    for _ in range(2):
        plain = server.predict(NAME, {"rev_id": rev_id})
        extended = server.predict(NAME, {"rev_id": rev_id, "extended_output": True})
        for answer, fields in ((plain, {"score"}), (extended, {"score", "features"})):
            shown = answer.json["enwiki"]["scores"][str(rev_id)]["damaging"]
            assert shown == {name: light_stock[rev_id][name] for name in fields}


@pytest.mark.parametrize("make", [revision_create, page_change])
def test_events_answered_from_the_cache_emit_their_own(
    server: ModelServer,
    wiki: Wiki,
    running_eventgate: EventGate,
    light_stock: dict[int, dict[str, Any]],
    make: Any,
) -> None:
    rev_id = list(light_stock)[3]
    server.predict(NAME, {"rev_id": rev_id})
    calls = wiki.calls()["total"]
    deliveries = Deliveries(running_eventgate)
    for _ in range(3):
        assert server.predict(NAME, {"event": make(rev_id, "enwiki")}).status == 200
    events = deliveries.wait_for(3)
    assert len({event["meta"]["id"] for event in events}) == 3
    for event in events:
        assert_score_of(event, light_stock)
    assert wiki.calls()["total"] == calls


def test_an_event_that_hides_a_revision_is_not_answered_from_the_cache(
    server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_id = nasty["ordinary"][4]
    server.predict(NAME, {"rev_id": rev_id})
    calls = wiki.calls()["total"]
    event = page_change(rev_id, "enwiki") | {"page_change_kind": "visibility_change"}
    assert server.predict(NAME, {"event": event}).status == 200
    assert wiki.calls()["total"] > calls


def test_a_replica_answers_what_another_one_scored(
    tmp_path: Path, wiki: Wiki, light_model: Path, redis: Redis, nasty: dict[str, list[int]]
) -> None:
    environment = light_environment(light_model, wiki) | {"CACHE_URL": redis.url}
    rev_id = nasty["ordinary"][5]
    bodies = []
    for name in ("one", "other"):
        server = ModelServer(tmp_path / name, environment)
        bodies.append(server.predict(NAME, {"rev_id": rev_id}).body)
        if name == "one":
            calls = wiki.calls()["total"]
        redis.ask("PING")
        shared = server.metrics().get('liftwing_cache_total{result="shared_hit"}', 0)
        assert shared == (name == "other")
        assert server.close() == 0
    assert bodies[0] == bodies[1]
    assert wiki.calls()["total"] == calls


def test_a_server_starts_and_answers_without_its_redis(
    tmp_path: Path, wiki: Wiki, light_model: Path, nasty: dict[str, list[int]]
) -> None:
    environment = light_environment(light_model, wiki) | {"CACHE_URL": "redis://127.0.0.1:1/0"}
    server = ModelServer(tmp_path / "log", environment)
    assert server.predict(NAME, {"rev_id": nasty["ordinary"][6]}).status == 200
    assert server.metrics()["liftwing_cache_failures_total"] >= 1
    assert server.close() == 0
