"""The outlink pair: what fastText says of an article's items, through two servers."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import openinference
from support.outlink import (
    NAME,
    fasttexts_own,
    results,
    some_items,
    start_predictor,
    start_transformer,
    write_topic_model,
)
from support.processes import ModelServer, call, wait_until

LINES = [some_items(seed, count) for seed, count in enumerate([1, 5, 30, 30, 300, 2000])]
PAGE = {"lang": "en", "page_title": "Gannet"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outlink") / "model.bin"
    write_topic_model(path)
    return path


@pytest.fixture(scope="module")
def own(model: Path) -> list[list[tuple[str, float]]]:
    """What fastText itself says of LINES."""
    return fasttexts_own(model, LINES)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("predictor") / "server.log"
    server = start_predictor(log, model)
    yield server
    assert server.close() == 0, log.read_text()


@pytest.fixture(scope="module", params=["v1", "v2", "grpc-v2", "one process"])
def transformer(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    predictor: ModelServer,
    model: Path,
) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("transformer") / "server.log"
    if request.param == "one process":
        server = start_predictor(log, model, "--with_transformer")
    else:
        port = predictor.grpc_port if request.param == "grpc-v2" else predictor.port
        server = start_transformer(log, f"127.0.0.1:{port}", request.param)
    yield server
    assert server.close() == 0, log.read_text()


def over(threshold: float, topics: list[tuple[str, float]]) -> list[tuple[str, float]]:
    return [topic for topic in topics if topic[1] >= threshold]


def test_the_predictor_says_what_fasttext_says(
    predictor: ModelServer, own: list[list[tuple[str, float]]]
) -> None:
    for line, topics in zip(LINES, own, strict=True):
        request = {"features_str": line, "lang": "en", "page_title": "Gannet", "threshold": 0.2}
        answer = predictor.predict(NAME, request)
        assert answer.status == 200, answer.body
        assert answer.json == {
            "topics": [list(topic) for topic in over(0.2, topics)],
            "lang": "en",
            "page_id": None,
            "page_title": "Gannet",
        }
        assert over(0.2, topics)


def test_instances_and_grpc_say_the_same(
    predictor: ModelServer, own: list[list[tuple[str, float]]]
) -> None:
    for line, topics in zip(LINES, own, strict=True):
        by_grpc = openinference.predict(predictor, NAME, {"features_str": line, "debug": True})
        assert [(name, score) for name, score in by_grpc["topics"]] == topics


def test_instances_that_travel_together_each_have_their_own_threshold(
    predictor: ModelServer, own: list[list[tuple[str, float]]]
) -> None:
    thresholds = [0.2, 0.0, 0.9, 0.5]
    instances = [{"features_str": LINES[2], "threshold": threshold} for threshold in thresholds]
    predictions = predictor.predict(NAME, {"instances": instances}).json["predictions"]
    expected = [over(threshold, own[2]) for threshold in thresholds]
    assert [[tuple(topic) for topic in one["topics"]] for one in predictions] == expected
    assert len(set(map(len, expected))) > 1


def test_the_pair_says_what_fasttext_says(
    transformer: ModelServer, own: list[list[tuple[str, float]]]
) -> None:
    for line, topics in zip(LINES, own, strict=True):
        for fields, threshold in (({}, 0.5), ({"threshold": 0.1}, 0.1), ({"debug": True}, 0.0)):
            answer = transformer.predict(NAME, {**PAGE, "features_str": line, **fields})
            assert answer.status == 200, answer.body
            assert results(answer.json) == over(threshold, topics)
            assert answer.json["prediction"]["article"] == "https://en.wikipedia.org/wiki/Gannet"


def test_the_pairs_grpc_says_the_same(
    transformer: ModelServer, own: list[list[tuple[str, float]]]
) -> None:
    answer = openinference.predict(transformer, NAME, {**PAGE, "features_str": LINES[2]})
    assert results(answer) == over(0.5, own[2])


def test_what_is_wrong_with_a_request_is_a_400_that_says_so(transformer: ModelServer) -> None:
    answer = transformer.predict(NAME, {"lang": "en", "page_title": "A", "page_id": 3})
    assert answer.status == 400
    assert answer.json["error"].startswith("Detected both `page_title` and `page_id`")
    answer = transformer.predict(NAME, {**PAGE, "features_str": ""})
    assert (answer.status, answer.json["error"]) == (
        400,
        "No matching article or the page has no outlinks",
    )


def test_many_at_a_time_get_each_its_own(transformer: ModelServer, model: Path) -> None:
    lines = [some_items(seed) for seed in range(200)]
    with ThreadPoolExecutor(16) as threads:
        requests = [{**PAGE, "features_str": line, "debug": True} for line in lines]
        answers = list(threads.map(lambda request: transformer.predict(NAME, request), requests))
    assert [results(answer.json) for answer in answers] == fasttexts_own(model, lines)


@pytest.mark.alone
def test_huge_texts_do_not_hold_the_event_loop(predictor: ModelServer) -> None:
    huge = {"features_str": some_items(1, 150_000)}
    assert 600_000 < len(json.dumps(huge)) < 1 << 20
    longest = 0.0
    done = threading.Event()

    def probe() -> None:
        nonlocal longest
        while not done.is_set():
            started = time.monotonic()
            assert call(f"{predictor.url}/v2/health/live").status == 200
            longest = max(longest, time.monotonic() - started)

    prober = threading.Thread(target=probe)
    prober.start()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: predictor.predict(NAME, huge), range(12)))
    done.set()
    prober.join()
    assert [answer.status for answer in answers] == [200] * 12
    # One of them takes a worker some 100 ms; the loop reads and passes them on.
    assert longest < 1.0


def test_a_predictor_that_is_killed_and_comes_back_is_found_again(
    tmp_path: Path, model: Path
) -> None:
    """Under load: no wrong answer, no error but 503, no restart of the transformer."""
    lines = [some_items(seed) for seed in range(40)]
    own = fasttexts_own(model, lines)
    predictor = start_predictor(tmp_path / "first.log", model)
    transformer = start_transformer(tmp_path / "t.log", f"127.0.0.1:{predictor.port}")
    seen: list[tuple[int, Any, int]] = []
    done = threading.Event()

    def keep_asking(offset: int) -> None:
        number = offset
        while not done.is_set():
            number += 1
            line = lines[number % len(lines)]
            answer = transformer.predict(NAME, {**PAGE, "features_str": line, "debug": True})
            seen.append((answer.status, answer.json, number % len(lines)))

    askers = [
        threading.Thread(target=keep_asking, args=(offset,), daemon=True) for offset in range(8)
    ]
    for asker in askers:
        asker.start()
    try:
        wait_until(lambda: len(seen) > 50, 60, "the pair answers")
        os.kill(predictor.process.pid, signal.SIGKILL)
        predictor.process.wait()
        killed_at = len(seen)
        wait_until(lambda: len(seen) > killed_at + 50, 60, "the transformer answers alone")
        predictor = start_predictor(tmp_path / "again.log", model, port=predictor.port)
        ready_at = len(seen)
        wait_until(
            lambda: sum(status == 200 for status, _, _ in seen[ready_at:]) > 50,
            60,
            "the pair answers again",
        )
    finally:
        done.set()
        for asker in askers:
            asker.join(60)
        assert transformer.close() == 0
        predictor.close()
    assert {status for status, _, _ in seen} == {200, 503}
    for status, document, number in seen:
        if status == 200:
            assert results(document) == own[number]
