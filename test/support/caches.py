"""Caches for tests, and a real Redis."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from liftwing_serving.cache.cache import Cache
from liftwing_serving.cache.memory import MemoryCache
from liftwing_serving.cache.shared import SharedCache
from liftwing_serving.revscoring.kept import KeptScores
from support.environment import environment
from support.ports import free_port


def nothing_kept() -> KeptScores:
    """A cache that keeps nothing."""
    return KeptScores(Cache(MemoryCache(0), 60))


def some_kept(shared: SharedCache | None = None, ttl_seconds: float = 60) -> KeptScores:
    """A cache with room."""
    return KeptScores(Cache(MemoryCache(1 << 20), ttl_seconds, shared))


class Redis:
    """Debian's redis-server on a port of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self.start()

    def start(self) -> None:
        """Start it, on the same port."""
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(
            ["redis-server", *settings, *self._options],
            cwd=self._folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError):
                if self.ask("PING") == "+PONG":
                    return
            assert time.monotonic() < end, "Redis does not start"
            time.sleep(0.02)

    def ask(self, *words: str) -> str:
        """Its answer to a command, as it stands on the wire."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            connection.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
            return connection.recv(1 << 16).decode(errors="replace").strip()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)


@contextlib.contextmanager
def redis_in(folder: Path, *options: str) -> Iterator[Redis]:
    redis = Redis(folder, *options)
    try:
        yield redis
    finally:
        redis.stop()
