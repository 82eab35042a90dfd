"""A server that has answered many different requests is no larger than after the first of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from support.processes import ModelServer, Wiki, call, resident_bytes

MODEL = "enwiki-damaging"
MISSING = 900_000_000  # no revision of the wiki has such an id


def test_fault_17_a_servers_memory_and_metrics_do_not_grow_with_its_requests(
    all_models_server: ModelServer, wiki: Wiki
) -> None:
    def ask(number: int) -> None:
        request = {"rev_id": MISSING + number, "note": f"{number:06}" * 20_000}
        headers = {"X-Request-Id": f"load-{number}"}
        url = f"{all_models_server.url}/v1/models/{MODEL}:predict"
        assert call(url, json.dumps(request).encode(), headers).status == 400

    def size_after(requests: range) -> tuple[int, int]:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(ask, requests))
        metrics = call(f"{all_models_server.url}/metrics").body
        return resident_bytes(all_models_server.process.pid), len(metrics.splitlines())

    warm_bytes, warm_metrics = size_after(range(100))
    later_bytes, later_metrics = size_after(range(100, 500))
    # The bodies of the 400 requests between are 48 MB.
    assert later_bytes - warm_bytes < 16_000_000
    assert later_metrics == warm_metrics
