"""What Prometheus scrapes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conformance.asking import Server, told

SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?')

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(server: Server) -> Samples:
    """The samples by name and labels."""
    samples: Samples = {}
    for match in filter(None, map(SAMPLE.fullmatch, server.get("/metrics").text.splitlines())):
        name, labels, value = match.groups()
        samples[name, frozenset(LABEL.findall(labels or ""))] = float(value)
    return samples


def count(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0)


def test_metrics_are_answered_as_prometheus_reads_them(server: Server) -> None:
    answer = server.get("/metrics")
    assert answer.status_code == 200, told(answer)
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not SAMPLE.fullmatch(line)] == []


@pytest.mark.parametrize("status", ["200", "400"])
def test_requests_are_counted_by_model_and_status(
    server: Server, model: str, example: dict[str, Any], answer: Any, status: str
) -> None:
    before = scraped(server)
    given = server.predict(model, example if status == "200" else {})
    assert given.status_code == int(status), told(given)
    more = {"model": model, "status": status}
    after = scraped(server)
    assert count(after, "liftwing_requests_total", **more) > count(
        before, "liftwing_requests_total", **more
    )


def test_instances_are_counted_by_model_and_code(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    before = scraped(server)
    given = server.predict(model, {"instances": [example, {}, example]})
    assert given.status_code == 200, told(given)
    after = scraped(server)
    for code, number in (("200", 2), ("400", 1)):
        labels = {"model": model, "code": code}
        counted = count(after, "liftwing_instances_total", **labels)
        assert counted - count(before, "liftwing_instances_total", **labels) >= number, labels
