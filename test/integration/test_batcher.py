"""KServe's batcher in front of a server: whoever is merged with others gets their own answer.

With KSERVE_AGENT naming a built agent of KServe's, each test is held against that too.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from support.batcher import WRONG_LENGTH, Batching, agent, playing, serving
from support.deliveries import Deliveries, assert_score_of, event_environment
from support.events import page_change, revision_create
from support.light import NAME, answer_to, light_environment
from support.processes import EventGate, ModelServer, Wiki

Stock = dict[int, dict[str, Any]]
Answers = list[tuple[int, Any]]
Front = Callable[..., AbstractAsyncContextManager[str]]

UNKNOWN = 999_999_999
PATH = f"/v1/models/{NAME}:predict"
# What no batch of these tests is to wait for.
LONG = 60.0
BATCHERS = ["played", *(["agent"] if os.environ.get("KSERVE_AGENT") else [])]


class Upstream:
    """Passes what the batcher sends on to the server, and remembers it."""

    def __init__(self) -> None:
        self.server = ""
        self.url = ""
        self.batches: list[list[Any]] = []
        self.headers: list[Any] = []
        self.instead: Callable[[], web.Response] | None = None

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.path.endswith(":predict"):
            self.batches.append(json.loads(body)["instances"])
            self.headers.append(request.headers)
        if self.instead:
            return self.instead()
        async with aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session:
            url = self.server + request.path
            async with session.request(request.method, url, data=body or None) as response:
                return web.Response(status=response.status, body=await response.read())

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


@pytest.fixture(scope="module")
def running_eventgate() -> Iterator[EventGate]:
    eventgate = EventGate()
    yield eventgate
    eventgate.close()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    running_wiki: Wiki,
    running_eventgate: EventGate,
    light_model: Path,
) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("batcher") / "server.log"
    settings = light_environment(light_model, running_wiki) | event_environment(running_eventgate)
    server = ModelServer(log, settings)
    yield server
    assert server.close() == 0, log.read_text()


@pytest.fixture
async def upstream(server: ModelServer, wiki: Wiki) -> AsyncIterator[Upstream]:
    upstream = Upstream()
    upstream.server = server.url
    async with serving(upstream.handle) as upstream.url:
        yield upstream


@pytest.fixture(params=BATCHERS)
def front(request: pytest.FixtureRequest, upstream: Upstream, tmp_path: Path) -> Front:
    """Starts a batcher in front of the server."""

    def start(**batching: Any) -> AbstractAsyncContextManager[str]:
        if request.param == "played":
            return playing(upstream.url, Batching(**batching))
        program = Path(os.environ["KSERVE_AGENT"])
        return agent(program, upstream.url, Batching(**batching), tmp_path / "agent.log")

    return start


async def ask(url: str, body: Any, path: str = PATH) -> tuple[int, Any]:
    """Status and answer, as text where it is no JSON; asks for nothing if there is no body."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    method = "GET" if data is None else "POST"
    async with aiohttp.ClientSession() as session:
        async with session.request(method, url + path, data=data) as response:
            text = await response.text()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text


async def ask_together(url: str, clients: list[list[Any]]) -> Answers:
    """What clients get that come at once, each with its instances."""
    return await asyncio.gather(*(ask(url, {"instances": instances}) for instances in clients))


def instances_of(rev_ids: list[int]) -> list[Any]:
    return [{"rev_id": rev_id} for rev_id in rev_ids]


def assert_answered(answer: tuple[int, Any], expected: list[Any]) -> None:
    status, document = answer
    assert (status, document["message"]) == (200, "")
    assert document["batchId"]
    assert document["predictions"] == expected


async def test_32_requests_at_once_are_merged_and_each_gets_its_own_answer(
    front: Front, upstream: Upstream, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)[:32]
    async with front(max_latency=LONG) as url:
        answers = await ask_together(url, [instances_of([rev_id]) for rev_id in rev_ids])
    assert upstream.sizes == [32]
    assert "Content-Type" not in upstream.headers[0]
    for rev_id, answer in zip(rev_ids, answers):
        assert_answered(answer, [answer_to(rev_id, light_stock)])


async def test_16_instances_and_32_are_48_in_one_request(
    front: Front, upstream: Upstream, light_stock: Stock
) -> None:
    few, many = list(light_stock)[:16], list(light_stock)[16:48]
    async with front(max_latency=LONG) as url:
        first = asyncio.create_task(ask(url, {"instances": instances_of(few)}))
        await asyncio.sleep(0.5)
        answers = [await ask(url, {"instances": instances_of(many)}), await first]
    assert upstream.sizes == [48]
    for rev_ids, answer in zip([many, few], answers):
        assert_answered(answer, [answer_to(rev_id, light_stock) for rev_id in rev_ids])


async def test_a_lone_request_is_answered_after_the_latency(
    front: Front, upstream: Upstream, light_stock: Stock
) -> None:
    rev_id = list(light_stock)[50]
    async with front(max_latency=0.5) as url:
        started = time.monotonic()
        answer = await ask(url, {"instances": instances_of([rev_id])})
        assert time.monotonic() - started >= 0.5
    assert upstream.sizes == [1]
    assert_answered(answer, [answer_to(rev_id, light_stock)])


async def test_bad_instances_spoil_no_other_clients_answer(
    front: Front, upstream: Upstream, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)[60:89]
    clients = [instances_of([rev_id]) for rev_id in rev_ids]
    bad: list[Any] = [{"rev_id": UNKNOWN}, {"rev_id": "1"}, 7]
    for place, instance in enumerate(bad):
        clients.insert(9 * (place + 1), [instance])
    async with front(max_latency=LONG) as url:
        answers = await ask_together(url, clients)
    assert upstream.sizes == [32]
    refused = [answers.pop(9 * (place + 1)) for place in (2, 1, 0)]
    for rev_id, answer in zip(rev_ids, answers):
        assert_answered(answer, [answer_to(rev_id, light_stock)])
    told = [answer["predictions"][0]["error"] for _, answer in reversed(refused)]
    assert [error["code"] for error in told] == [400, 400, 400]
    assert str(UNKNOWN) in told[0]["message"]
    assert told[1]["message"] == 'Expected "rev_id" to be an integer.'
    assert told[2]["message"] == "Please verify that request input is a json dict"


async def test_events_that_were_merged_are_emitted_once_each_with_their_own_scores(
    front: Front, upstream: Upstream, running_eventgate: EventGate, light_stock: Stock
) -> None:
    deliveries = Deliveries(running_eventgate)
    rev_ids = list(light_stock)[90:96]
    clients: list[list[Any]] = [
        [{"event": revision_create(rev_ids[0])}, {"event": page_change(rev_ids[1])}],
        [{"rev_id": rev_ids[2]}, {"event": revision_create(UNKNOWN)}],
        [{"event": page_change(rev_ids[3])}, {"event": revision_create(rev_ids[4], "dewiki")}],
        # Two of one revision, which is scored once.
        [{"event": revision_create(rev_ids[0])}, {"rev_id": rev_ids[0]}],
    ]
    async with front(max_batch_size=8, max_latency=LONG) as url:
        answers = await ask_together(url, clients)
    assert upstream.sizes == [8]
    own = [answer_to(rev_id, light_stock) for rev_id in rev_ids]
    assert_answered(answers[0], own[:2])
    assert_answered(answers[3], [own[0], own[0]])
    assert answers[1][1]["predictions"][0] == own[2]
    assert answers[2][1]["predictions"][0] == own[3]
    for client in (1, 2):
        assert answers[client][1]["predictions"][1]["error"]["code"] == 400
    expected = sorted([rev_ids[0], rev_ids[0], rev_ids[1], rev_ids[3]])
    events = deliveries.wait_for(len(expected))
    # Events leave in their order: one of another would be there before this one.
    await ask(upstream.server, {"event": revision_create(rev_ids[5])})
    last = deliveries.wait_for(len(expected) + 1)[len(events) :]
    assert [event["rev_id"] for event in last] == [rev_ids[5]]
    assert sorted(event["rev_id"] for event in events) == expected
    assert len({event["meta"]["id"] for event in events}) == len(expected)
    for event in events:
        assert_score_of(event, light_stock)


async def test_if_nothing_can_be_scored_now_all_clients_are_told(
    front: Front, upstream: Upstream, wiki: Wiki, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)[100:104]
    wiki.turn(error={"api": "ratelimited"})
    async with front(max_batch_size=4, max_latency=LONG) as url:
        answers = await ask_together(url, [instances_of([rev_id]) for rev_id in rev_ids])
    for status, answer in answers:
        # The batcher's doing: the server's was 503.
        assert (status, answer["predictions"], answer["batchId"]) == (200, None, "")
        assert "error" in json.loads(answer["message"])


def too_few() -> web.Response:
    return web.json_response({"predictions": [1]})


def no_json() -> web.Response:
    return web.Response(text="<html>")


@pytest.mark.parametrize("instead", [too_few, no_json])
async def test_what_a_batcher_makes_of_an_answer_that_it_cannot_split(
    front: Front, upstream: Upstream, instead: Callable[[], web.Response]
) -> None:
    """Of the batcher, not of the server: what its answers must never be."""
    upstream.instead = instead
    async with front(max_batch_size=2, max_latency=LONG) as url:
        answers = await ask_together(url, [[1], [2]])
    for status, answer in answers:
        assert (status, answer["predictions"]) == (200, None)
        assert answer["batchId"] and answer["message"]
        if instead is too_few:
            assert answer["message"] == WRONG_LENGTH


NONE, UNREADABLE = "no instances in the request", "can't Unmarshal body"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"rev_id": 1}', NONE),
        (b'{"instances": []}', NONE),
        (b"null", NONE),
        (b"[]", UNREADABLE),
        (b'{"instances": 1}', UNREADABLE),
        (b"{", UNREADABLE),
    ],
)
async def test_a_batcher_itself_refuses_what_holds_no_instances(
    front: Front, upstream: Upstream, body: bytes, says: str
) -> None:
    """So that clients behind one always send instances, be it one."""
    async with front(max_latency=0.1) as url:
        status, text = await ask(url, body)
    assert (status, text.strip(), upstream.sizes) == (400, says, [])


async def test_v2_passes_a_batcher_as_it_is(
    front: Front, upstream: Upstream, light_stock: Stock
) -> None:
    rev_ids = list(light_stock)[110:113]
    data = [json.dumps(instance) for instance in instances_of(rev_ids)]
    tensor = {"name": "input", "shape": [3], "datatype": "BYTES", "data": data}
    async with front(max_latency=LONG) as url:
        status, answer = await ask(url, {"inputs": [tensor]}, f"/v2/models/{NAME}/infer")
        alive = await ask(url, None, "/v2/health/live")
    assert (status, alive) == (200, (200, {"live": True}))
    (output,) = answer["outputs"]
    expected = [answer_to(rev_id, light_stock) for rev_id in rev_ids]
    assert [json.loads(text) for text in output["data"]] == expected


async def test_numbers_pass_a_batcher_as_doubles_and_lone_surrogates_do_not_pass(
    front: Front, upstream: Upstream
) -> None:
    given = b'{"instances": [{"rev_id": 1.0, "b": [0.5, 12345678901234567, 1e2], "a": "\\ud800"}]}'
    upstream.instead = too_few
    async with front(max_batch_size=1) as url:
        await ask(url, given)
    (batch,) = upstream.batches
    expected = {"a": "\ufffd", "b": [0.5, 12345678901234568, 100], "rev_id": 1}
    assert json.dumps(batch) == json.dumps([expected])
