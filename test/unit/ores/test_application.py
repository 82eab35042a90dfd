"""A request on its way through the front: headers, time, limits, and what browsers need."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web
from support.model_servers import FakeServer, Fronted, fronted, refused

PREDICT = "/v1/models/enwiki-damaging:predict"
PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


async def predict(front: Fronted, name: str = "enwiki-damaging", **options: Any) -> Any:
    options.setdefault("data", b'{"rev_id": 7}')
    return await front.call("POST", f"/v1/models/{name}:predict", **options)


async def test_a_request_and_its_answer_pass_as_they_are(front: Fronted, edits: FakeServer) -> None:
    status, body, headers = await predict(front)
    assert status == 200
    assert body["enwiki"]["scores"] == {"7": {"damaging": {"score": {"prediction": "damaging 7"}}}}
    assert edits.asked == [(PREDICT, {"rev_id": 7})]
    assert headers["Content-Type"].startswith("application/json")
    edits.refusal = refused(429, "Later.", **{"Retry-After": "4"})
    status, body, headers = await predict(front)
    assert (status, body, headers["Retry-After"]) == (429, {"error": "Later."}, "4")
    assert len(edits.asked) == 2


async def test_id_trace_and_what_is_left_of_the_time_go_on(
    front: Fronted, edits: FakeServer
) -> None:
    sent = {"X-Request-Id": "id-7", "traceparent": PARENT, "tracestate": "a=b"}
    _, _, headers = await predict(front, headers={**sent, "X-Request-Timeout": "8"})
    assert headers["X-Request-Id"] == "id-7"
    got = edits.headers[0]
    assert {name: got[name] for name in sent} == sent
    assert 5 < float(got["X-Request-Timeout"]) < 6.5
    await predict(front)
    assert "traceparent" not in edits.headers[1]
    assert 27 < float(edits.headers[1]["X-Request-Timeout"]) <= 28
    assert edits.headers[1]["User-Agent"].startswith("LiftWing-inference-services/")


async def test_who_wants_no_kept_score_gets_none(front: Fronted, edits: FakeServer) -> None:
    fresh = {"Cache-Control": "no-cache"}
    await predict(front, headers=fresh)
    await front.call("GET", "/v3/scores/enwiki/7/damaging/", headers=fresh)
    await predict(front)
    assert [headers.get("Cache-Control") for headers in edits.headers] == ["no-cache"] * 2 + [None]


async def test_a_host_header_goes_to_its_own_server_only(
    opened: AsyncExitStack, edits: FakeServer
) -> None:
    entries = f"enwiki-* {edits.url} {{name}}.{{namespace}}.test, x-y {edits.url}"
    front = await opened.enter_async_context(fronted(entries))
    await asyncio.gather(predict(front), predict(front, "enwiki-goodfaith"), predict(front, "x-y"))
    hosts = Counter(headers["Host"] for headers in edits.headers)
    assert hosts == {
        "enwiki-damaging.revscoring-editquality-damaging.test": 1,
        "enwiki-goodfaith.revscoring-editquality-goodfaith.test": 1,
        edits.url.removeprefix("http://"): 1,
    }


async def test_wp10_is_asked_by_its_new_name_and_answered_by_its_old_one(
    front: Fronted, articles: FakeServer
) -> None:
    _, body, _ = await predict(front, "enwiki-wp10")
    assert articles.asked[0][0] == "/v1/models/enwiki-articlequality:predict"
    assert body == {
        "enwiki": {
            "models": {"wp10": {"version": "articlequality-1"}},
            "scores": {"7": {"wp10": {"score": {"prediction": "articlequality 7"}}}},
        }
    }


async def test_other_paths_of_a_model_pass_too(front: Fronted, edits: FakeServer) -> None:
    for path in (
        "/v1/models/enwiki-damaging",
        "/v1/models/enwiki-damaging/info?model_info=a%7Cb%22c+d%22",
        "/v2/models/enwiki-damaging",
        "/v2/models/enwiki-damaging/ready",
    ):
        assert (await front.call("GET", path))[0] == 200
        assert (await front.call("GET", f"/service/lw/inference{path}"))[0] == 200
    asked = [path for path, _ in edits.asked]
    assert asked[2] == "/v1/models/enwiki-damaging/info?model_info=a%7Cb%22c+d%22"
    binary = {"Inference-Header-Content-Length": "13", "Content-Type": "application/octet-stream"}
    body = b'{"rev_id": 7}'
    await front.call("POST", "/v2/models/enwiki-damaging/infer", headers=binary, data=body)
    assert edits.headers[-1]["Inference-Header-Content-Length"] == "13"


async def test_unknown_models_and_paths_are_told_as_kserve_tells_them(
    opened: AsyncExitStack, edits: FakeServer
) -> None:
    front = await opened.enter_async_context(fronted(f"enwiki-* {edits.url}"))
    text = "Model with name dewiki-damaging does not exist."
    assert (await predict(front, "dewiki-damaging"))[:2] == (404, {"error": text})
    assert (await front.call("GET", "/nothing"))[:2] == (404, {"error": "Not Found"})
    status, body, headers = await front.call("GET", PREDICT)
    assert (status, body, headers["Allow"]) == (405, {"error": "Method Not Allowed"}, "POST")
    assert (await front.call("GET", "/v3/nothing"))[1]["error"]["code"] == "not found"
    assert (await front.call("GET", "/v3/scores/enwiki/abc/"))[0] == 404


async def test_a_server_that_is_gone_is_a_503_for_its_models_only(front: Fronted) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with fronted(f"dewiki-* {nobody}") as other:
            status, body, headers = await predict(other, "dewiki-damaging")
            assert (status, headers["Retry-After"]) == (503, "1")
            assert body == {"error": "The model server cannot be reached."}
            status, body = await other.get("/v3/scores/dewiki/7/damaging")
            assert (status, body["error"]["code"]) == (503, "server overloaded")
    assert (await predict(front))[0] == 200


@pytest.mark.alone
async def test_a_server_that_hangs_takes_no_room_from_others(
    opened: AsyncExitStack, edits: FakeServer, articles: FakeServer
) -> None:
    edits.seconds = 30
    entries = f"enwiki-articlequality {articles.url}, enwiki-* {edits.url}"
    front = await opened.enter_async_context(
        fronted(entries, max_calls_per_server=5, request_deadline_seconds=1.0)
    )
    hanging = [asyncio.create_task(predict(front)) for _ in range(20)]
    await asyncio.sleep(0.3)
    assert (await predict(front, "enwiki-articlequality"))[0] == 200
    told = Counter((status, body["error"]) for status, body, _ in await asyncio.gather(*hanging))
    assert told == {
        (503, "Too many requests wait for this model server."): 15,
        (503, "The request's time was over."): 5,
    }
    assert len(edits.asked) == 5


@pytest.mark.alone
async def test_late_scores_are_a_503_or_stand_in_their_place(
    opened: AsyncExitStack, edits: FakeServer, articles: FakeServer
) -> None:
    entries = f"enwiki-articlequality {articles.url}, enwiki-* {edits.url}"
    front = await opened.enter_async_context(fronted(entries, request_deadline_seconds=0.5))
    edits.seconds = 30
    status, body = await front.get("/v3/scores/enwiki/", models="damaging", revids="7")
    assert (status, body["error"]["code"]) == (503, "server overloaded")
    _, body = await front.get("/v3/scores/enwiki/", models="damaging|wp10", revids="7")
    assert "score" in body["enwiki"]["scores"]["7"]["wp10"]
    assert body["enwiki"]["scores"]["7"]["damaging"]["error"]["type"] == "TimeoutError"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"enwiki": {}}', b'{"enwiki": []}'])
async def test_an_answer_that_makes_no_sense_is_a_502_without_it(
    front: Fronted, edits: FakeServer, body: bytes
) -> None:
    edits.refusal = web.Response(status=200, body=body)
    status, told = await front.get("/v3/scores/enwiki/", models="damaging", revids="7")
    assert (status, told["error"]) == (
        502,
        {"code": "bad gateway", "message": "The model server's answer cannot be used."},
    )


@pytest.mark.alone
async def test_what_is_posted_may_not_be_too_large_or_too_slow(
    opened: AsyncExitStack, edits: FakeServer
) -> None:
    front = await opened.enter_async_context(
        fronted(f"* {edits.url}", max_body_bytes=1000, request_deadline_seconds=0.5)
    )

    async def pieces(number: int, pause: float) -> Any:
        for _ in range(number):
            yield b"x" * 500
            await asyncio.sleep(pause)

    assert (await predict(front, data=b"x" * 1001))[0] == 413
    assert (await predict(front, data=pieces(3, 0)))[0] == 413
    assert (await predict(front, data=pieces(3, 0.4)))[0] == 408
    assert edits.asked == []


async def test_a_client_that_leaves_is_not_worked_for_any_more(
    front: Fronted, edits: FakeServer
) -> None:
    left = asyncio.Event()
    ask = edits.__class__.__call__

    async def until_it_is_left(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await ask(edits, request)
        except asyncio.CancelledError:
            left.set()
            raise

    edits.seconds = 30
    async with AsyncExitStack() as opened:
        from support.model_servers import listening

        url = await opened.enter_async_context(listening(until_it_is_left))
        other = await opened.enter_async_context(fronted(f"* {url}"))
        asking = asyncio.create_task(predict(other))
        while not edits.asked:
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.wait_for(left.wait(), 10)
        while not other.application.idle:
            await asyncio.sleep(0.01)


async def test_at_the_end_of_its_grace_what_is_under_way_is_a_503(
    front: Fronted, edits: FakeServer
) -> None:
    edits.seconds = 30
    asking = asyncio.create_task(predict(front))
    while not edits.asked:
        await asyncio.sleep(0.01)
    assert not front.application.idle
    front.application.give_up()
    status, body, headers = await asking
    assert (status, body["error"], headers["Retry-After"]) == (503, "The server is stopping.", "1")


async def test_a_defect_is_a_500_that_tells_the_requests_id_only(
    front: Fronted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*arguments: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(front.scores, "answer", fail)
    status, body, headers = await front.call("GET", "/v3/scores/enwiki/")
    assert (status, body["error"]["code"]) == (500, "internal server error")
    assert headers["X-Request-Id"] in body["error"]["message"]
    assert "secret" not in str(body)


async def test_pages_of_allowed_origins_may_call(opened: AsyncExitStack, edits: FakeServer) -> None:
    wiki, other = {"Origin": "https://en.wikipedia.org"}, {"Origin": "https://example.org"}
    some = await opened.enter_async_context(
        fronted(f"* {edits.url}", cors_allowed_origins=("https://en.wikipedia.org",))
    )
    all_ = await opened.enter_async_context(fronted(f"* {edits.url}", cors_allowed_origins=("*",)))
    none = await opened.enter_async_context(fronted(f"* {edits.url}"))

    async def allowed(front: Fronted, method: str, headers: dict[str, str]) -> tuple[int, Any]:
        status, _, got = await front.call(method, "/v3/scores/", headers=headers)
        return status, got.get("Access-Control-Allow-Origin")

    ask = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    assert await allowed(some, "GET", wiki) == (200, "https://en.wikipedia.org")
    assert await allowed(some, "GET", other) == (200, None)
    assert await allowed(some, "OPTIONS", wiki | ask) == (204, "https://en.wikipedia.org")
    assert await allowed(all_, "OPTIONS", other | ask) == (204, "*")
    assert await allowed(all_, "GET", other) == (200, "*")
    assert await allowed(none, "GET", wiki) == (200, None)
    assert await allowed(none, "OPTIONS", wiki | ask) == (405, None)
    _, _, headers = await some.call("OPTIONS", PREDICT, headers=wiki | ask)
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    _, _, headers = await some.call("GET", "/nothing", headers=wiki)
    assert headers["Access-Control-Allow-Origin"] == "https://en.wikipedia.org"


async def test_jsonp_is_a_call_of_the_function_and_can_be_nothing_else(front: Fronted) -> None:
    path = "/v3/scores/enwiki/7/damaging/"
    asked = {"callback": "page.show", "format": "json"}
    status, text, headers = await front.call("GET", path, params=asked)
    assert status == 200
    assert text.startswith("/**/page.show({") and text.endswith("});")
    assert json.loads(text[14:-2])["enwiki"]["scores"]
    assert headers["Content-Type"].startswith("application/javascript")
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, body, _ = await front.call("GET", path, params={"callback": "alert(1)//"})
    assert (status, body["error"]["code"]) == (400, "bad request")


async def test_answers_of_ores_are_not_to_be_stored(front: Fronted) -> None:
    for path in ("/v3/scores/enwiki/7/damaging/", "/v3/scores/xwiki/"):
        _, _, headers = await front.call("GET", path)
        assert headers["Cache-Control"] == "no-store, no-cache, max-age=0"
        assert headers["Pragma"] == "no-cache"
        assert headers["Expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"


async def test_the_front_is_alive_and_ready_by_itself(front: Fronted, edits: FakeServer) -> None:
    edits.refusal = refused(503, "It loads.")
    assert await front.get("/") == (200, {"status": "alive"})
    assert await front.get("/v2/health/live") == (200, {"status": "alive"})
    assert await front.get("/v2/health/ready") == (200, {"ready": True})
    assert edits.asked == []


async def test_requests_and_calls_are_counted(front: Fronted, edits: FakeServer) -> None:
    async def samples() -> dict[str, float]:
        _, text, _ = await front.call("GET", "/metrics")
        pairs = (line.rpartition(" ") for line in text.splitlines())
        return {name: float(value) for name, _, value in pairs if name.startswith("liftwing_front")}

    request = 'liftwing_front_requests_total{route="predict",status="404"}'
    call = 'liftwing_front_calls_total{entry="enwiki-*",result="404"}'
    before = await samples()
    edits.refusal = refused(404, "No such model.")
    await predict(front, "enwiki-luck")
    after = await samples()
    assert after[request] == before.get(request, 0) + 1
    assert after[call] == before.get(call, 0) + 1
