"""What measurements of bounds share: the wiki, texts of each size, and servers that come and go."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from liftwing_demo.children import Children
from server import Server
from texts import Texts

WARM_UP = 30
# Of one revision nothing is kept for the next, so that the texts can be asked for again.
FORGETFUL = {"KEPT_REVISIONS_BYTES": "0"}


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and what it should be if there is a bound."""

    what: str
    value: float
    relation: str = ""
    bound: float = 0.0

    @property
    def kept(self) -> bool | None:
        """Whether it is within its bound, if it has one."""
        if not self.relation:
            return None
        return self.value >= self.bound if self.relation == ">=" else self.value <= self.bound


@dataclass(frozen=True, slots=True)
class Stage:
    """`turns` is how often each side of a comparison is measured."""

    model: Path
    wiki_url: str
    wiki_pid: int
    session: aiohttp.ClientSession
    texts: Texts
    turns: int
    _drawn: dict[str, Iterator[int]] = field(default_factory=dict)

    def endless(self, name: str) -> Iterator[int]:
        """Edits of one of the sizes in a random order, all of them before any comes again."""
        if name not in self._drawn:
            ids = list(self.texts.once(name))
            random.Random(name).shuffle(ids)
            self._drawn[name] = itertools.cycle(ids)
        return self._drawn[name]

    @asynccontextmanager
    async def servers(
        self, *settings: Mapping[str, str], warm: bool = True
    ) -> AsyncIterator[list[Server]]:
        """A server for each of the settings; warm ones have scored something."""
        with Children() as children:
            started = [
                Server(children, self.model, self.wiki_url, settings={**FORGETFUL, **more})
                for more in settings
            ]
            for server in started:
                await server.wait_until_ready(self.session)
                for _ in range(WARM_UP if warm else 0):
                    await server.score(self.session, next(self.endless("small")))
            yield started
