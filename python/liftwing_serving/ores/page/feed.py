"""Changes to every browser that looks, as they come, from one stream of events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import aiohttp
import orjson
from aiohttp import web

from liftwing_serving.ores.page import sse
from liftwing_serving.ores.page.changes import Change, Changes
from liftwing_serving.ores.page.events import Told
from liftwing_serving.ores.page.follower import Follower
from liftwing_serving.ores.page.rows import row

logger = logging.getLogger(__name__)

EVENTS = "text/event-stream; charset=utf-8"
# Each is a connection and a few kilobytes.
MAX_BROWSERS = 1000
# Proxies take a silent connection for a dead one, and so does the page after 40 seconds.
KEEP_ALIVE_SECONDS = 15.0
# A browser that has taken nothing for so long is dropped. It comes back by itself, if it is there.
SLOW_SECONDS = 10.0


class Feed:
    """The last changes, and who waits for the next."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.changes = Changes()
        self._follower = Follower(http, url, self._take, lambda: self._browsers > 0)
        self._browsers = 0
        self._news = asyncio.Event()
        self._closing = False

    def look(self) -> None:
        """Somebody looks."""
        self._follower.look()

    async def stream(
        self,
        request: web.BaseRequest,
        models: Sequence[str],
        headers: Mapping[str, str],
        count: Callable[[int], None],
    ) -> web.StreamResponse:
        """Rows with cells for these models, until the browser leaves; `count` is told the status.

        They begin after the event that the browser names, and after none if it names none.
        """
        if self._browsers >= MAX_BROWSERS or self._closing:
            count(503)
            return web.Response(status=503, headers={**headers, "Retry-After": "10"})
        after = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        response = web.StreamResponse(
            headers={
                **headers,
                "Content-Type": EVENTS,
                "Cache-Control": "no-store",
                # Has nginx pass on each event as it comes.
                "X-Accel-Buffering": "no",
            }
        )
        self._browsers += 1
        try:
            self.look()
            await response.prepare(request)
            count(200)
            await self._send(response, models, self.changes.number_of(after))
        except TimeoutError:
            logger.info("a browser that took nothing for %g s was dropped", SLOW_SECONDS)
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass
        finally:
            self._browsers -= 1
        return response

    async def close(self) -> None:
        """Let go of all browsers and of the stream."""
        self._closing = True
        self._news.set()
        await self._follower.close()

    async def _send(self, response: web.StreamResponse, models: Sequence[str], number: int) -> None:
        """Raises TimeoutError if the browser is slow, ConnectionError if it is gone."""
        await self._write(response, sse.COMMENT)
        while not self._closing:
            news = self._news
            newer = self.changes.newer(number)
            if newer:
                number = newer[-1].number
                await self._write(response, b"".join(self._event(one, models) for one in newer))
                continue
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    await news.wait()
            except TimeoutError:
                await self._write(response, sse.ALIVE)

    async def _write(self, response: web.StreamResponse, body: bytes) -> None:
        async with asyncio.timeout(SLOW_SECONDS):
            await response.write(body)

    def _event(self, change: Change, models: Sequence[str]) -> bytes:
        data = orjson.dumps({"key": change.key, "row": row(change, models)})
        return sse.written(data, self.changes.event_id(change.number), "change")

    def _take(self, told: Told) -> None:
        """Whoever waits is woken if there is something new."""
        if self.changes.add(told):
            self._news.set()
            self._news = asyncio.Event()
