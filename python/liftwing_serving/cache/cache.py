"""The cache of a server: its own memory first, then what replicas share."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from liftwing_serving import metrics
from liftwing_serving.cache.memory import MemoryCache
from liftwing_serving.cache.sealed import seal, unseal
from liftwing_serving.cache.shared import SharedCache
from liftwing_serving.settings import CacheSettings


class Cache:
    """Bytes by name, for `ttl_seconds`, whoever kept them."""

    def __init__(
        self, memory: MemoryCache, ttl_seconds: float, shared: SharedCache | None = None
    ) -> None:
        self._memory = memory
        self._ttl_seconds = ttl_seconds
        self._shared = shared

    @property
    def is_shared(self) -> bool:
        """Whether `look_up` may know more than `get`."""
        return self._shared is not None

    def get(self, name: str) -> bytes | None:
        """The value, if this process has it."""
        return self._memory.get(name, time.time())

    async def look_up(self, name: str) -> bytes | None:
        """The value, if replicas share it; then this process has it too."""
        entry = await self._shared.get(name) if self._shared else None
        found = unseal(name, entry) if entry is not None else None
        if found is None:
            return None
        value, end = found
        now = time.time()
        # One that is to last longer than any of ours was kept by other settings, or another clock.
        if not now < end <= now + self._ttl_seconds:
            return None
        self._memory.put(name, value, end)
        return value

    def put(self, name: str, value: bytes) -> None:
        """Keep a value."""
        end = time.time() + self._ttl_seconds
        self._memory.put(name, value, end)
        if self._shared:
            self._shared.put(name, seal(name, value, end), self._ttl_seconds)

    def remove(self, name: str) -> None:
        """Keep nothing of that name, here and in what is shared; other replicas still may."""
        self._memory.remove(name)
        if self._shared:
            self._shared.remove(name)


@asynccontextmanager
async def open_cache(settings: CacheSettings) -> AsyncIterator[Cache]:
    """The cache that the settings ask for, which may be one that keeps nothing."""
    memory = MemoryCache(settings.cache_bytes)
    metrics.CACHE_BYTES.set_function(lambda: memory.size)
    if settings.cache_url is None:
        yield Cache(memory, settings.cache_ttl_seconds)
        return
    shared = SharedCache(settings.cache_url)
    await shared.connect()
    try:
        yield Cache(memory, settings.cache_ttl_seconds, shared)
    finally:
        await shared.close()
