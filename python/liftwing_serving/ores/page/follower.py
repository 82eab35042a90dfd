"""Follows the stream of score events, as long as somebody looks, and over one connection."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable

import aiohttp
import orjson

from liftwing_serving.ores.page import sse
from liftwing_serving.ores.page.events import Told, told_by
from liftwing_serving.outbound import USER_AGENT

logger = logging.getLogger(__name__)

# After the last one who looked: a page that is reloaded finds the stream going on.
IDLE_SECONDS = 60.0
MAX_EVENT_BYTES = 1 << 20
CONNECT_SECONDS = 10.0
# EventStreams sends something each half minute at the latest.
SILENT_SECONDS = 120.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# What was missed in a longer pause is no recent change.
RESUMED_SECONDS = 120.0


class Follower:
    """Hands what events tell to `take`, from the first `look` until IDLE_SECONDS after the last."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        take: Callable[[Told], None],
        looking: Callable[[], bool],
    ) -> None:
        self._session = session
        self._url = url
        self._take = take
        self._looking = looking
        self._looked_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._last_id: str | None = None
        self._heard_at = 0.0

    def look(self) -> None:
        """Somebody looks: follow the stream, unless that is done already."""
        self._looked_at = time.monotonic()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        following = asyncio.create_task(self._follow())
        try:
            while not following.done():
                await asyncio.wait([following], timeout=IDLE_SECONDS / 20)
                if self._looking():
                    self._looked_at = time.monotonic()
                elif time.monotonic() - self._looked_at >= IDLE_SECONDS:
                    logger.info("nobody looks: no longer following the stream")
                    return
            following.result()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _follow(self) -> None:
        """Connect again and again, soon after what went well and later after what did not."""
        pause = FIRST_PAUSE
        while True:
            heard_before = self._heard_at
            try:
                await self._connection()
                reason = "the stream ended"
            except (aiohttp.ClientError, TimeoutError, sse.TooLong) as error:
                reason = repr(error)
            pause = FIRST_PAUSE if self._heard_at > heard_before else min(2 * pause, LONGEST_PAUSE)
            logger.info("following the stream again in %.1f s: %s", pause, reason)
            await asyncio.sleep(pause * random.uniform(0.5, 1))

    async def _connection(self) -> None:
        """Read events until the stream ends. Raises aiohttp.ClientError, TimeoutError, TooLong."""
        headers = {"Accept": "text/event-stream", "User-Agent": USER_AGENT}
        if self._last_id is not None and time.monotonic() - self._heard_at < RESUMED_SECONDS:
            headers["Last-Event-ID"] = self._last_id
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENT_SECONDS
        )
        async with self._session.get(
            self._url, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            if response.status != 200 or response.content_type != "text/event-stream":
                raise aiohttp.ClientPayloadError(f"{response.status} {response.content_type}")
            reader = sse.Reader(MAX_EVENT_BYTES)
            async for piece in response.content.iter_any():
                for message in reader.feed(piece):
                    self._hear(message)

    def _hear(self, message: sse.Message) -> None:
        self._heard_at = time.monotonic()
        if message.last_id:
            self._last_id = message.last_id
        try:
            told = told_by(orjson.loads(message.data))
        except orjson.JSONDecodeError:
            logger.warning("an event of the stream is not JSON")
            return
        if told is not None:
            self._take(told)
