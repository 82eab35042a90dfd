"""One scrape tells of all processes, however many there are and whichever did the work."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from support.openinference import infer_request
from support.processes import ModelServer, Wiki, call, cpu_time, wait_until
from support.services import Start

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

    scrapes = [server.metrics() for _ in range(10)]
    for scrape in scrapes:
        requests = "liftwing_requests_total{" + f'model="{MODEL}",status="'
        assert scrape[requests + '200"}'] == 12
        assert scrape[requests + '400"}'] == 2
        for stage in ("fetch", "queue", "extract", "score"):
            labels = f'{{model="{MODEL}",stage="{stage}"}}'
            assert scrape[f"liftwing_stage_seconds_count{labels}"] == 12
        assert scrape["liftwing_workers"] == 3
    extract = scrapes[0][f'liftwing_stage_seconds_sum{{model="{MODEL}",stage="extract"}}']
    assert extract > 0.01


def test_extractions_that_the_library_did_as_well_are_counted(
    start: Start, nasty: dict[str, list[int]]
) -> None:
    server = start(CHECKED_EXTRACTIONS=1)
    rev_ids = nasty["ordinary"][:4]
    for rev_id in rev_ids:
        assert server.predict(MODEL, {"rev_id": rev_id}).status == 200
    instances = [{"rev_id": rev_id} for rev_id in rev_ids]
    assert server.predict(MODEL, {"instances": instances}).status == 200
    checks = {
        name: value
        for name, value in server.metrics().items()
        if name.startswith("liftwing_extraction_checks_total")
    }
    labels = f'{{model="{MODEL}",result="equal"}}'
    assert checks == {f"liftwing_extraction_checks_total{labels}": 8}


def test_a_log_line_of_a_request_names_its_revision(
    all_models_server: ModelServer, wiki: Wiki
) -> None:
    server = all_models_server
    body = json.dumps({"rev_id": 77}).encode()
    call(f"{server.url}/v1/models/{MODEL}:predict", body, {"X-Request-Id": "r-77"})
    lines = [line for line in server.log_lines() if line.get("request_id") == "r-77"]
    assert lines and all(line["rev_id"] == 77 for line in lines)


@pytest.mark.parametrize("leave", ["by closing the connection", "by cancelling the call"])
def test_a_client_that_leaves_is_counted_as_499(
    all_models_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]], leave: str
) -> None:
    server = all_models_server
    request = json.dumps({"rev_id": nasty["ordinary"][7]}).encode()

    def counted() -> Counter[str]:
        pattern = f'liftwing_requests_total{{model="{MODEL}",status="(...)"}}'
        matches = ((re.fullmatch(pattern, name), n) for name, n in server.metrics().items())
        return Counter({match[1]: int(n) for match, n in matches if match})

    before = counted()
    wiki.turn(latency=0.5)
    with contextlib.ExitStack() as call:
        if leave == "by closing the connection":
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            call.callback(connection.close)
            connection.request("POST", f"/v1/models/{MODEL}:predict", body=request)
        else:
            address = f"127.0.0.1:{server.grpc_port}"
            stub = GRPCInferenceServiceStub(call.enter_context(grpc.insecure_channel(address)))
            call.callback(stub.ModelInfer.future(infer_request(MODEL, request)).cancel)
        wait_until(lambda: wiki.calls()["revids"], 20, "the request is in flight")
    wait_until(lambda: counted() != before, 20, "it is counted")
    assert counted() - before == {"499": 1}
