"""Which models there are, and in which versions: what the servers say, remembered for a while."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from liftwing_serving.deadline import Deadline
from liftwing_serving.ores.client import Client
from liftwing_serving.ores.failures import Failure
from liftwing_serving.ores.servers import KINDS, OLDER_NAMES, Server, Servers, split_name
from liftwing_serving.singleflight import SingleFlight

logger = logging.getLogger(__name__)

# A new model, or version, is seen that much later at most.
FRESH_SECONDS = 60.0
# A server that could not say is asked again after that.
PAUSE_SECONDS = 2.0
# For a listing nobody waits longer than RTRC's gadget, which gives up after 2.
ASKING_SECONDS = 1.5
# Where names are put into hosts, each that a client makes up is a server of its own.
MAX_SERVERS = 5000

# The models of one server and their versions, by name.
Versions = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Learned:
    """What a server said, and when it is to be asked again; None if it never could say."""

    versions: Versions | None
    again: float


@dataclass(frozen=True, slots=True)
class Model:
    """A model of a wiki: its kind, the server that has it, and its version as far as is known."""

    kind: str
    server: Server
    version: str | None = None


class Directory:
    """Knows the models of the servers, and asks them when it does not."""

    def __init__(self, servers: Servers, client: Client) -> None:
        self.servers = servers
        self._client = client
        self._learned: dict[Server, _Learned] = {}
        self._asking: SingleFlight[Server, None] = SingleFlight()
        # Of the wikis' models only: these are the names that ORES' API can ask for.
        self._named = {name for name in servers.named() if all(split_name(name))}

    async def wikis(self, deadline: Deadline) -> dict[str, dict[str, Model]]:
        """All models by wiki and kind; those of servers that cannot be asked, too."""
        named = {server for name in self._named if (server := self.servers.of(name))}
        await self.learn(named | self.servers.alike(), deadline)
        wikis: dict[str, dict[str, Model]] = {}
        for name in sorted(self._names()):
            model = self._model(name)
            if model is not None:
                wikis.setdefault(split_name(name)[0], {})[model.kind] = model
        return wikis

    async def models_of(self, wiki: str, deadline: Deadline) -> dict[str, Model]:
        """The models of one wiki by kind. Raises Failure if there are none, as far as is known."""
        servers = self._servers_for(wiki)
        await self.learn(servers, deadline)
        of_wiki = sorted(name for name in self._names() if split_name(name)[0] == wiki)
        models = {model.kind: model for model in map(self._model, of_wiki) if model}
        if not models:
            if any(not self.knows(server) for server in servers):
                raise cannot_tell()
            raise Failure(404, f"No scorers available for {wiki}")
        return models

    async def choose(self, wiki: str, asked: Sequence[str], deadline: Deadline) -> dict[str, Model]:
        """The models that a client asks for, by the names that it has for them.

        Servers are asked only about models of which nothing is known, or no good. Raises Failure if
        there is none of the wiki, or none of one of these names.
        """
        names = {one: f"{wiki}-{OLDER_NAMES.get(one, one)}" for one in asked}
        servers = {name: self.servers.of(name) for name in names.values()}
        doubtful = {name for name in servers if name not in self._named or not self._model(name)}
        await self.learn({it for name in doubtful if (it := servers[name])}, deadline)
        chosen = {one: self._model(name) for one, name in names.items()}
        missing = tuple(one for one, model in chosen.items() if model is None)
        if missing:
            await self.models_of(wiki, deadline)
            raise Failure(404, f"Models {missing} not available for {wiki}")
        return {one: model for one, model in chosen.items() if model is not None}

    async def learn(self, servers: Iterable[Server], deadline: Deadline) -> None:
        """Ask those of the servers of which nothing fresh is known, all at once."""
        now = time.monotonic()
        stale = [
            server
            for server in servers
            if server not in self._learned or self._learned[server].again <= now
        ]
        if stale:
            soon = min(deadline, Deadline.after(ASKING_SECONDS))
            asks = {one: functools.partial(self._ask, one, soon) for one in stale}
            await asyncio.gather(*(self._asking.run(one, soon, asks[one]) for one in stale))

    def knows(self, server: Server) -> bool:
        """Whether the server has said what it has."""
        learned = self._learned.get(server)
        return learned is not None and learned.versions is not None

    def _servers_for(self, wiki: str) -> set[Server]:
        """Those that have models of a wiki, or could have some."""
        named = {name for name in self._named if split_name(name)[0] == wiki}
        could = {self.servers.of(f"{wiki}-{kind}") for kind in KINDS}
        meant = {server for name in named if (server := self.servers.of(name))}
        return meant | (self.servers.alike() & could)

    def _names(self) -> set[str]:
        """All names of which something is known."""
        told = (learned.versions or {} for learned in self._learned.values())
        return self._named.union(*told)

    def _model(self, name: str) -> Model | None:
        """The model of a name; None if there is no server for it, or that does not have it."""
        server, (wiki, kind) = self.servers.of(name), split_name(name)
        if server is None or not wiki:
            return None
        learned = self._learned.get(server)
        if learned is None or learned.versions is None:
            # As long as its server cannot be asked, a model is there if it is meant to be.
            return Model(kind, server) if name in self._named else None
        version = learned.versions.get(name)
        return Model(kind, server, version) if version is not None else None

    async def _ask(self, server: Server, deadline: Deadline) -> None:
        before = self._learned.get(server)
        try:
            reply = await self._client.call(server, "/v1/scores", deadline, b'{"rev_ids":[]}')
            versions = _versions(reply.body) if reply.status == 200 else None
            # A server that does not have the route has no models that ORES' API could ask for.
            if reply.status in (404, 405):
                versions = {}
        except Failure:
            versions = None
        if len(self._learned) >= MAX_SERVERS:
            self._learned.clear()
        pause = PAUSE_SECONDS if versions is None else FRESH_SECONDS
        if versions is None and before is not None:
            versions = before.versions
        self._learned[server] = _Learned(versions, time.monotonic() + pause)


def cannot_tell() -> Failure:
    """Whether there is such a model is not known now."""
    return Failure(503, "The model server cannot tell its models.", 1)


def _versions(body: bytes) -> Versions | None:
    """The versions in an answer of /v1/scores; None if it is none."""
    try:
        return {
            f"{wiki}-{kind}": str(model["version"])
            for wiki, told in orjson.loads(body).items()
            for kind, model in told["models"].items()
        }
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return None
