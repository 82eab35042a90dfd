"""Model servers that the front may ask, in this process; they say what was asked of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from liftwing_serving.deadline import Deadline
from liftwing_serving.ores.application import Application
from liftwing_serving.ores.client import Client
from liftwing_serving.ores.connections import BoundedServer
from liftwing_serving.ores.directory import Directory
from liftwing_serving.ores.forwarding import Forwarding
from liftwing_serving.ores.routes import Routes
from liftwing_serving.ores.scores import Scores
from liftwing_serving.ores.servers import Servers, read_entries
from liftwing_serving.ores.settings import OresSettings
from support.ores_spec import JSON, check_answer

MISSING = 404404


class FakeServer:
    """Has models of one wiki: the score of a revision is its id, and MISSING is deleted."""

    def __init__(self, *kinds: str, wiki: str = "enwiki", max_revisions: int = 500) -> None:
        self.kinds = kinds
        self.wiki = wiki
        self.max_revisions = max_revisions
        self.url = ""
        self.seconds = 0.0
        self.refusal: web.Response | None = None
        self.asked: list[tuple[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []

    @property
    def score_calls(self) -> list[dict[str, Any]]:
        """What was asked for of /v1/scores, other than the models there are."""
        return [body for path, body in self.asked if path == "/v1/scores" and body["rev_ids"]]

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        self.asked.append((request.path_qs, json.loads(body) if body else None))
        self.headers.append(request.headers)
        await asyncio.sleep(self.seconds)
        if self.refusal is not None:
            return web.Response(
                status=self.refusal.status,
                body=self.refusal.body,
                headers=self.refusal.headers,
            )
        if request.path == "/v1/scores":
            return self._scores(json.loads(body))
        if request.path.endswith("/info"):
            return self._info(request)
        kind = request.path.rpartition("-")[2].partition(":")[0]
        rev_id = json.loads(body)["rev_id"] if body else 0
        return web.json_response(self._document({"rev_ids": [rev_id], "models": [kind]}))

    def _scores(self, asked: dict[str, Any]) -> web.StreamResponse:
        if len(asked["rev_ids"]) > self.max_revisions:
            return refused(413, "more than MAX_INSTANCES")
        if not set(asked.get("models", self.kinds)) <= set(self.kinds):
            return refused(400, 'Expected "models" to be a list of some of: ...')
        return web.json_response(self._document(asked))

    def _document(self, asked: dict[str, Any]) -> dict[str, Any]:
        kinds = asked.get("models", self.kinds)
        scores = {
            str(rev_id): {kind: self._entry(rev_id, kind, asked) for kind in kinds}
            for rev_id in asked["rev_ids"]
        }
        models = {kind: {"version": f"{kind}-1"} for kind in kinds}
        return {self.wiki: {"models": models, "scores": scores}}

    def _entry(self, rev_id: int, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
        if rev_id == MISSING:
            return {"error": {"type": "RevisionNotFound", "message": "RevisionNotFound: ..."}}
        entry: dict[str, Any] = {"score": {"prediction": f"{kind} {rev_id}"}}
        if asked.get("extended_output"):
            entry["features"] = {"feature.id": rev_id}
        if str(rev_id) in asked.get("inject", {}):
            entry["injected"] = asked["inject"][str(rev_id)]
        return entry

    def _info(self, request: web.BaseRequest) -> web.StreamResponse:
        wanted = request.query["model_info"]
        if wanted == "nothing":
            return refused(400, "no such part; the grammar is ...")
        kind = request.path.rpartition("-")[2].removesuffix("/info")
        return web.json_response({self.wiki: {"models": {kind: {"asked": wanted}}}})


def refused(status: int, text: str, **headers: str) -> web.Response:
    """An error as model servers tell it."""
    return web.json_response({"error": text}, status=status, headers=headers)


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    """The address at which a handler answers."""
    runner = web.ServerRunner(
        BoundedServer(handler, handler_cancellation=True), shutdown_timeout=0.1
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Fronted:
    """A front in this process, with what it is made of."""

    def __init__(self, entries: str, session: aiohttp.ClientSession, **settings: Any) -> None:
        given = OresSettings(model_servers=entries, **settings)
        servers = Servers(read_entries(entries, "MODEL_SERVERS"))
        client = Client(session, given.max_calls_per_server)
        self.directory = Directory(servers, client)
        self.scores = Scores(client, self.directory, given.max_instances)
        routes = Routes(self.scores, Forwarding(servers, client), lambda: True)
        self.application = Application(routes, given)
        self.session = session
        self.url = ""

    async def call(
        self, method: str, path: str, headers: Mapping[str, str] = {}, **options: Any
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, what the body holds (text where it is no JSON), and headers. What is answered
        under /v3 is held against its description."""
        async with self.session.request(
            method, self.url + path, headers=headers, **options
        ) as answer:
            text = await answer.text()
            try:
                body = json.loads(text)
            except json.JSONDecodeError:
                body = text
            if answer.content_type == JSON:
                check_answer(method, path.partition("?")[0], answer.status, body)
            return answer.status, body, answer.headers

    async def get(self, path: str, **parameters: str) -> tuple[int, Any]:
        """Status, and what the body holds."""
        status, body, _ = await self.call("GET", path, params=parameters)
        return status, body


@asynccontextmanager
async def fronted(entries: str, **settings: Any) -> AsyncIterator[Fronted]:
    """A front before servers, of which `entries` say where they are."""
    async with aiohttp.ClientSession() as session:
        front = Fronted(entries, session, **settings)
        async with listening(front.application) as front.url:
            yield front


def soon() -> Deadline:
    return Deadline.after(20)
