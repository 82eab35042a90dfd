"""What is compared, under the same load: clients that ask for their next revision at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from library import Library
from server import Server
from watching import all_mebibytes, cpu_seconds


@dataclass(slots=True)
class Taken:
    """Scores under a load: the seconds of each, of all together, and of the CPU."""

    scores: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    cpu: float = 0.0

    def add(self, other: Taken) -> None:
        """Count another turn in."""
        self.scores += other.scores
        self.elapsed += other.elapsed
        self.cpu += other.cpu


class Side(Protocol):
    """A way to get scores."""

    name: str

    async def under(self, rev_ids: Iterator[int], clients: int, seconds: float) -> Taken:
        """Scores that were begun within so many seconds, or until there are no more revisions."""

    def mebibytes(self) -> float:
        """The memory of its processes (PSS)."""


class ServerSide:
    """A model server."""

    def __init__(self, name: str, server: Server, session: aiohttp.ClientSession) -> None:
        self.name = name
        self._server = server
        self._session = session

    async def under(self, rev_ids: Iterator[int], clients: int, seconds: float) -> Taken:
        """See Side."""
        taken = Taken()

        async def client() -> None:
            while time.perf_counter() < end and (rev_id := next(rev_ids, None)) is not None:
                taken.scores.append(await self._server.score(self._session, rev_id))

        before = cpu_seconds(self._server.pid)
        begin = time.perf_counter()
        end = begin + seconds
        await asyncio.gather(*(client() for _ in range(clients)))
        taken.elapsed = time.perf_counter() - begin
        taken.cpu = cpu_seconds(self._server.pid) - before
        return taken

    def mebibytes(self) -> float:
        """See Side."""
        return all_mebibytes(self._server.pid)


class LibrarySide:
    """The bare library, which has one process: of several clients all but one wait."""

    name = "library"

    def __init__(self, library: Library) -> None:
        self._library = library

    async def under(self, rev_ids: Iterator[int], clients: int, seconds: float) -> Taken:
        """See Side. A client asks again when it has its answer, and waits for those before it."""
        # When each answer comes, after as many that were there at the beginning; the next one is
        # for who asked when the answer came that is as many before it.
        ends = [0.0] * clients
        before = cpu_seconds(self._library.pid)
        while ends[-clients] < seconds and (rev_id := next(rev_ids, None)) is not None:
            ends.append(ends[-1] + self._library.score(rev_id))
        waits = [end - begin for begin, end in zip(ends, ends[clients:])]
        return Taken(waits, ends[-1], cpu_seconds(self._library.pid) - before)

    def mebibytes(self) -> float:
        """See Side."""
        return all_mebibytes(self._library.pid)
