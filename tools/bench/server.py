"""The model server under load: closed loops of clients, and probes on a fixed schedule."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import aiohttp
from liftwing_demo.checkout import ROOT, model_server
from liftwing_demo.children import Children
from liftwing_serving.revscoring import families
from loads import Load, Revisions

FAMILY = families.EDITQUALITY
MODEL = f"enwiki-{FAMILY.example}"
START_SECONDS = 60.0
PROBE_EVERY_SECONDS = 0.05
FRESH = {"Cache-Control": "no-cache"}


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second of all, and the seconds of those that count."""

    rps: float
    seconds: list[float]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_wiki(children: Children, file: Path) -> tuple[str, int]:
    """The URL of a wiki that is being started, and its process id."""
    port = free_port()
    command = [sys.executable, "-m", "liftwing_demo.wiki.server", "--db", str(file)]
    pid = children.start("wiki", [*command, "--port", str(port)], {})
    return f"http://127.0.0.1:{port}", pid


class Server:
    """A server with two workers, of this checkout or another one.

    It serves the damaging model, or `models` of the folder where its own folder is. `settings` come
    before those that all have.
    """

    def __init__(
        self,
        children: Children,
        model: Path,
        wiki_url: str,
        checkout: Path = ROOT,
        models: Sequence[str] = (MODEL,),
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._path = f"/v1/models/{models[0]}:predict"
        environment = {
            "INFERENCE_NAME": ",".join(models),
            "MODEL_PATH": str(model if len(models) == 1 else model.parents[1]),
            "WIKI_URL": wiki_url,
            "ASYNCIO_AUX_WORKERS": "2",
            "KSERVE_LOGLEVEL": "WARNING",
            "FRAMEWORK_LOG_LEVEL": "WARNING",
            "DRAIN_DELAY_SECONDS": "0",
            # The subject is what scores cost.
            "CACHE_BYTES": "0",
            # For batches of large articles; no other request comes near them.
            "REQUEST_DEADLINE_SECONDS": "300",
            "MAX_QUEUE_SECONDS": "300",
            **settings,
        }
        ports = ["--http_port", str(port), "--grpc_port", str(free_port())]
        command = [str(checkout / ".venv/bin/python"), str(model_server(FAMILY, checkout))]
        self.pid = children.start(f"model server of {checkout}", [*command, *ports], environment)

    @property
    def predict_url(self) -> str:
        """Where the first model is asked."""
        return self.url + self._path

    async def wait_until_ready(self, session: aiohttp.ClientSession) -> None:
        """Raises TimeoutError."""
        await wait_until_ready(session, self.url)

    async def score(self, session: aiohttp.ClientSession, rev_id: int, anew: bool = False) -> float:
        """Seconds until the first model's score was there. Raises if there is none."""
        started = time.perf_counter()
        await self.post(session, self._path, {"rev_id": rev_id}, FRESH if anew else {})
        return time.perf_counter() - started

    async def post(
        self,
        session: aiohttp.ClientSession,
        path: str,
        request: object,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> bytes:
        """The answer to a request. Raises RuntimeError if it is refused, or an instance is."""
        async with session.post(f"{self.url}{path}", json=request, headers=headers) as response:
            body = await response.read()
            if response.status != 200 or b'"error"' in body:
                raise RuntimeError(f"{request}: {body.decode()}")
        return body

    async def under(
        self, session: aiohttp.ClientSession, load: Load, revisions: Revisions, seed: int
    ) -> Measured:
        """The load's clients, each asking for its next revision when it has the one before."""
        drawn = revisions.drawn(load, seed)
        seconds: list[float] = []
        left = load.requests

        async def client() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                rev_id = next(drawn)
                took = await self.score(session, rev_id)
                if revisions.sizes[rev_id] in load.measured:
                    seconds.append(took)

        started = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(load.clients)))
        return Measured(load.requests / (time.perf_counter() - started), seconds)

    async def liveness(
        self, session: aiohttp.ClientSession, seconds: float, beside: Sequence[int] = ()
    ) -> list[float]:
        """Waits of probes sent on a schedule, while the given revisions are scored over and over.

        A wait counts from the scheduled moment, so that a server which stalls does not thin the
        probes out.
        """
        stop = asyncio.Event()

        async def again_and_again(rev_id: int) -> None:
            while not stop.is_set():
                await self.score(session, rev_id, anew=True)

        async def probe(at: float) -> float:
            async with session.get(f"{self.url}/v2/health/live") as response:
                await response.read()
            return time.perf_counter() - at

        work = [asyncio.create_task(again_and_again(rev_id)) for rev_id in beside]
        begun = time.perf_counter()
        probes = []
        for moment in _schedule(begun, seconds):
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            probes.append(asyncio.create_task(probe(moment)))
        waits = await asyncio.gather(*probes)
        stop.set()
        await asyncio.gather(*work)
        return list(waits)


async def wait_until_ready(session: aiohttp.ClientSession, url: str) -> None:
    """Until a server of KServe's is. Raises TimeoutError."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                async with session.get(f"{url}/v2/health/ready") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.02)


def _schedule(begun: float, seconds: float) -> Iterator[float]:
    for number in range(int(seconds / PROBE_EVERY_SECONDS)):
        yield begun + number * PROBE_EVERY_SECONDS


def pin_off_the_way() -> None:
    """Let the measuring process yield to what it measures, as both share the cores."""
    os.nice(5)
