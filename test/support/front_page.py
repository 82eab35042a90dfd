"""The front's page in this process, with a stream of events and a wiki that a test controls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
from aiohttp import web
from liftwing_serving.deadline import Deadline
from liftwing_serving.ores.directory import Model
from liftwing_serving.ores.page import Page, PageSettings
from liftwing_serving.ores.scores import Scores
from support.model_servers import Fronted, listening


class FakeStream:
    """Sends events to whoever follows, and counts these."""

    def __init__(self) -> None:
        self.followers: list[asyncio.Queue[bytes | None]] = []
        self.last_ids: list[str | None] = []
        self.status = 200
        self.url = ""
        self._number = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.last_ids.append(request.headers.get("Last-Event-ID"))
        if self.status != 200:
            return web.Response(status=self.status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b":ok\n\n")
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.followers.append(queue)
        try:
            while (piece := await queue.get()) is not None:
                await response.write(piece)
        finally:
            self.followers.remove(queue)
        return response

    def send(self, event: Any) -> None:
        self._number += 1
        self.send_bytes(f"id: {self._number}\ndata: {json.dumps(event)}\n\n".encode())

    def send_bytes(self, piece: bytes) -> None:
        for queue in self.followers:
            queue.put_nowait(piece)

    def break_off(self) -> None:
        for queue in self.followers:
            queue.put_nowait(None)


class FakeWiki:
    """Has the revisions that a test gives it, by id: text, parent's id, and what it hides."""

    def __init__(self) -> None:
        self.revisions: dict[int, dict[str, Any]] = {}
        self.hosts: list[str] = []
        self.status = 200
        self.title = "A page"
        self.url = ""

    def add(self, rev_id: int, text: str | None, parent_id: int = 0) -> None:
        slot: dict[str, Any] = {"contentmodel": "wikitext", "contentformat": "text/x-wiki"}
        slot |= {"texthidden": True} if text is None else {"content": text}
        self.revisions[rev_id] = {
            "revid": rev_id,
            "parentid": parent_id,
            "user": "Someone",
            "userid": 5,
            "timestamp": "2024-05-01T10:00:00Z",
            "size": len(text or ""),
            "comment": "typo",
            "slots": {"main": slot},
        }

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.hosts.append(request.headers["Host"])
        asked = [int(one) for one in request.query["revids"].split("|")]
        found = [self.revisions[one] for one in asked if one in self.revisions]
        bad = {str(one): {"revid": one, "missing": True} for one in asked if not self._has(one)}
        page = {"pageid": 3, "ns": 0, "title": self.title, "revisions": found}
        query: dict[str, Any] = {"pages": [page] if found else []}
        if bad:
            query["badrevids"] = bad
        return web.json_response({"batchcomplete": True, "query": query}, status=self.status)

    def _has(self, rev_id: int) -> bool:
        return rev_id in self.revisions


class FakeDirectory:
    """Knows models of one wiki."""

    def __init__(self) -> None:
        self.versions: dict[str, str | None] = {"damaging": "0.5.1", "goodfaith": None}

    async def wikis(self, deadline: Deadline) -> dict[str, dict[str, Model]]:
        models = {kind: Model(kind, cast(Any, None), one) for kind, one in self.versions.items()}
        return {"enwiki": models}


class Opened:
    """A page, and what a browser gets of it."""

    def __init__(self, page: Page, url: str, http: aiohttp.ClientSession) -> None:
        self.page = page
        self.url = url
        self.http = http

    async def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, str, Mapping[str, str]]:
        """Status, text and headers."""
        async with self.http.request(method, self.url + path, headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers

    @asynccontextmanager
    async def stream(
        self, path: str = "/changes?models=damaging", **headers: str
    ) -> AsyncIterator[Rows]:
        async with self.http.get(self.url + path, headers=headers) as answer:
            assert answer.status == 200
            yield Rows(answer)


class Rows:
    """Events of the page, one by one."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.last_id = ""

    async def next(self) -> dict[str, str]:
        async with asyncio.timeout(20):
            async for line in self._answer.content:
                name, _, value = line.decode().strip().partition(": ")
                if name == "id":
                    self.last_id = value
                if name == "data" and value != '"alive"':
                    event: dict[str, str] = json.loads(value)
                    return event
        raise AssertionError("the stream ended")


async def of_the_front(request: web.BaseRequest) -> web.StreamResponse:
    """What the front answers to all that is not the page's."""
    return web.Response(status=418, text="front")


@asynccontextmanager
async def opened(
    stream: FakeStream | None, wiki: FakeWiki, directory: FakeDirectory | None = None
) -> AsyncIterator[Opened]:
    """A page before a front."""
    settings = PageSettings(
        score_stream_url=cast(Any, stream.url if stream else None),
        wiki_url=cast(Any, wiki.url),
        mw_api_max_retries=0,
    )
    known = SimpleNamespace(directory=directory or FakeDirectory())
    async with aiohttp.ClientSession() as http:
        page = Page(of_the_front, cast(Scores, known), http, settings, 20)
        async with _listening(page, http) as shown:
            yield shown


@asynccontextmanager
async def before(front: Fronted) -> AsyncIterator[Opened]:
    """The page before a front that has model servers behind it, without a stream of events."""
    page = Page(front.application, front.scores, front.session, PageSettings(), 20)
    async with _listening(page, front.session) as shown:
        yield shown


@asynccontextmanager
async def _listening(page: Page, http: aiohttp.ClientSession) -> AsyncIterator[Opened]:
    async with listening(page) as url:
        try:
            yield Opened(page, url, http)
        finally:
            await page.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)
