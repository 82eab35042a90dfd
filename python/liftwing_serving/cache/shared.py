"""What replicas share in Redis, which may be down, slow, or full of somebody else's bytes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Any

from liftwing_serving import metrics

logger = logging.getLogger(__name__)

# Less than a revision's documents take: a slow Redis costs no request more than that.
LOOKUP_SECONDS = 0.1
WRITE_SECONDS = 1.0
# After a failure, how long everybody does without.
AWAY_SECONDS = 2.0
# What waits to be written; beyond it values are kept by this process alone.
MAX_WAITING = 1000
# Of one command or pipeline.
MAX_TOGETHER = 200


class SharedCache:
    """A Redis database. Names that are asked for at the same time are asked for together."""

    def __init__(self, url: str) -> None:
        # Not imported where nothing is shared.
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self._redis: Any = Redis.from_url(
            url,
            socket_connect_timeout=WRITE_SECONDS,
            socket_timeout=WRITE_SECONDS,
            # A connection may be none any more, as when Redis was begun anew.
            retry=Retry(NoBackoff(), 1),
        )
        self._away_until = 0.0
        self._asked: dict[str, asyncio.Future[bytes | None]] = {}
        self._lookups: set[asyncio.Task[None]] = set()
        self._writes: deque[tuple[str, bytes | None, float]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Have the first lookup find a connection, if Redis is there."""
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self._redis.ping()
        except Exception as error:
            self._failed(error)

    async def get(self, name: str) -> bytes | None:
        """What lies under that name, or None; whatever is wrong with Redis, soon."""
        if time.monotonic() < self._away_until:
            return None
        found = self._asked.get(name)
        if found is None:
            loop = asyncio.get_running_loop()
            if not self._asked:
                loop.call_soon(self._look_up)
            found = self._asked[name] = loop.create_future()
        return await asyncio.shield(found)

    def put(self, name: str, entry: bytes, seconds: float) -> None:
        """Have it written some time soon, to be there for so long."""
        self._write(name, entry, seconds)

    def remove(self, name: str) -> None:
        """Have nothing lie under that name, some time soon."""
        self._write(name, None, 0.0)

    async def close(self) -> None:
        """Leave what is not written, and disconnect."""
        tasks = [*self._lookups, *([self._writing] if self._writing else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                await self._redis.aclose()
        except Exception as error:
            logger.debug("the shared cache was not closed: %r", error)

    def _look_up(self) -> None:
        """Ask for all names of this turn of the event loop."""
        asked, self._asked = list(self._asked.items()), {}
        for first in range(0, len(asked), MAX_TOGETHER):
            task = asyncio.create_task(self._find(dict(asked[first : first + MAX_TOGETHER])))
            self._lookups.add(task)
            task.add_done_callback(self._lookups.discard)

    async def _find(self, asked: dict[str, asyncio.Future[bytes | None]]) -> None:
        entries: list[bytes | None] = []
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                # What is no text of Redis' is answered with nothing, where GET would fail.
                entries = await self._redis.mget(list(asked))
        except Exception as error:
            self._failed(error)
        finally:
            for place, found in enumerate(asked.values()):
                if not found.done():
                    found.set_result(entries[place] if place < len(entries) else None)

    def _write(self, name: str, entry: bytes | None, seconds: float) -> None:
        if time.monotonic() < self._away_until:
            return
        if len(self._writes) >= MAX_WAITING:
            metrics.CACHE_FAILURES.inc()
            return
        self._writes.append((name, entry, seconds))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        while self._writes:
            together = [self._writes.popleft() for _ in range(min(MAX_TOGETHER, len(self._writes)))]
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    pipeline = self._redis.pipeline(transaction=False)
                    for name, entry, seconds in together:
                        if entry is None:
                            pipeline.delete(name)
                        else:
                            pipeline.set(name, entry, px=max(1, int(1000 * seconds)))
                    await pipeline.execute()
            except Exception as error:
                self._writes.clear()
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        metrics.CACHE_FAILURES.inc()
        if time.monotonic() >= self._away_until:
            logger.warning("the shared cache fails, which makes answers slower: %r", error)
        self._away_until = time.monotonic() + AWAY_SECONDS
