"""One scrape tells of all processes, however many there are and whichever did the work."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from support.processes import ModelServer, call, cpu_time
from support.services import Start, samples

MODEL = "enwiki-damaging"


def test_fault_16_every_scrape_shows_the_work_of_all_workers(
    start: Start, nasty: dict[str, list[int]]
) -> None:
    server = start(ASYNCIO_AUX_WORKERS=3)
    rev_ids = nasty["ordinary"][:12]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda rev_id: server.predict(MODEL, {"rev_id": rev_id}), rev_ids))
    assert all(cpu_time(pid) > 0 for pid in server.worker_pids())
    server.predict(MODEL, {"rev_id": 5})
    server.predict(MODEL, {})

    scrapes = [samples(server) for _ in range(10)]
    for scrape in scrapes:
        requests = "liftwing_requests_total{" + f'model="{MODEL}",status="'
        assert scrape[requests + '200"}'] == 12
        assert scrape[requests + '400"}'] == 2
        for stage in ("fetch", "queue", "extract", "score"):
            labels = f'{{model="{MODEL}",stage="{stage}"}}'
            assert scrape[f"liftwing_stage_seconds_count{labels}"] == 12
        assert scrape["liftwing_workers"] == 3
    extract = scrapes[0][f'liftwing_stage_seconds_sum{{model="{MODEL}",stage="extract"}}']
    assert extract > 0.1


def test_a_log_line_of_a_request_names_its_revision(all_models_server: ModelServer) -> None:
    server = all_models_server
    body = json.dumps({"rev_id": 77}).encode()
    call(f"{server.url}/v1/models/{MODEL}:predict", body, {"X-Request-Id": "r-77"})
    lines = [line for line in server.log_lines() if line.get("request_id") == "r-77"]
    assert lines and all(line["rev_id"] == 77 for line in lines)
