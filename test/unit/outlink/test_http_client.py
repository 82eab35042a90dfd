"""The transformer's calls to a predictor that misbehaves on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from liftwing_serving import logs, tracing
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import (
    BadRequest,
    DeadlineExceeded,
    ServingError,
    TooManyRequests,
    Unavailable,
    UpstreamUnusable,
)
from liftwing_serving.outbound import open_session
from liftwing_serving.outlink.http_client import HttpPredictor

FIELDS = {"features_str": "Q1"}
GOOD: dict[str, Any] = {"topics": [["STEM.Physics", 0.75]], "lang": "en"}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Predictor:
    """Answers with the next of `answers`, the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[web.Request] = []
        self.bodies: list[Any] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.json())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


def says(status: int = 200, headers: dict[str, str] | None = None, **body: Any) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return answer


def says_text(text: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text)

    return answer


async def hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


async def ask(
    session: aiohttp.ClientSession, predictor: Predictor, v2: bool = False, seconds: float = 60
) -> Any:
    app = web.Application()
    app.router.add_post("/{path:.*}", predictor.handle)
    async with TestServer(app) as server:
        client = HttpPredictor(session, str(server.make_url("")).rstrip("/"), "outlink", v2)
        return await client.topics(FIELDS, Deadline.after(seconds))


async def test_v1_sends_the_fields_and_reads_the_topics(session: aiohttp.ClientSession) -> None:
    predictor = Predictor(says(**GOOD))
    assert await ask(session, predictor) == [("STEM.Physics", 0.75)]
    assert predictor.requests[0].path == "/v1/models/outlink:predict"
    assert predictor.bodies == [FIELDS]


async def test_v2_wraps_both_in_a_tensor(session: aiohttp.ClientSession) -> None:
    tensor = {"name": "output", "datatype": "BYTES", "shape": [1], "data": [json.dumps(GOOD)]}
    predictor = Predictor(says(outputs=[tensor]))
    assert await ask(session, predictor, v2=True) == [("STEM.Physics", 0.75)]
    assert predictor.requests[0].path == "/v2/models/outlink/infer"
    (sent,) = predictor.bodies[0]["inputs"]
    assert json.loads(sent["data"][0]) == FIELDS


async def test_the_requests_id_and_trace_are_passed_on(session: aiohttp.ClientSession) -> None:
    token = logs.request_id.set("id-7")
    tracing.take_up({"traceparent": PARENT, "tracestate": "a=b"})
    predictor = Predictor(says(**GOOD))
    await ask(session, predictor)
    logs.request_id.reset(token)
    sent = predictor.requests[0].headers
    assert (sent["X-Request-Id"], sent["traceparent"]) == ("id-7", PARENT)
    assert sent["tracestate"] == "a=b"
    assert 0 < float(sent["X-Request-Timeout"]) <= 60


async def test_a_connection_that_breaks_off_is_tried_again(session: aiohttp.ClientSession) -> None:
    predictor = Predictor(hangs_up, says(**GOOD))
    assert await ask(session, predictor) == [("STEM.Physics", 0.75)]
    assert len(predictor.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (hangs_up, Unavailable, "The predictor cannot be reached."),
        (says(503, error="not ready"), Unavailable, "The predictor answered with HTTP status 503."),
        (says(500, error="x"), Unavailable, "The predictor answered with HTTP status 500."),
        (says(404, error="x"), Unavailable, "The predictor answered with HTTP status 404."),
        (says(400, error="Expected so."), BadRequest, "Expected so."),
        (says(200), UpstreamUnusable, "The predictor's answer cannot be used."),
        (says(200, topics=[["a"]]), UpstreamUnusable, "The predictor's answer cannot be used."),
        (says_text("<html>"), UpstreamUnusable, "The predictor's answer cannot be used."),
        (says_text("x" * (2 << 20)), UpstreamUnusable, "The predictor's answer cannot be used."),
    ],
)
async def test_what_a_bad_answer_means(
    session: aiohttp.ClientSession, answer: Answer, kind: type[ServingError], text: str
) -> None:
    with pytest.raises(kind) as caught:
        await ask(session, Predictor(answer))
    assert caught.value.message == text


async def test_an_overloaded_predictors_delay_is_kept(session: aiohttp.ClientSession) -> None:
    with pytest.raises(TooManyRequests) as caught:
        await ask(session, Predictor(says(429, {"Retry-After": "7"}, error="later")))
    assert caught.value.retry_after == 7


async def test_a_predictor_that_hangs_is_given_up_at_the_deadline(
    session: aiohttp.ClientSession,
) -> None:
    predictor = Predictor(hangs)
    with pytest.raises(DeadlineExceeded):
        await ask(session, predictor, seconds=0.2)
    assert len(predictor.requests) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": "garbage", "tracestate": "a=b"},
        {"tracestate": "a=b"},
        {"traceparent": PARENT + "\n"},
    ],
)
async def test_a_trace_that_is_none_is_not_passed_on(headers: dict[str, str]) -> None:
    tracing.take_up(headers)
    assert not {"traceparent", "tracestate"} & tracing.headers().keys()
