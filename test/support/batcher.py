"""KServe's batcher: the one in its agent's sidecar, played, or the agent itself.

The player does as pkg/batcher of KServe 0.20 does, as far as a client or a server can tell:

- Requests to paths that end in `:predict` are collected; all others are passed on as they are.
- A request needs `instances`, else it is a 400 of the batcher's own, in plain text.
- There is one batch, whatever the paths of its requests; it is sent to the path of the latest.
- It is sent once it has `max_batch_size` instances or more (a request is never split, so that 16
  and 32 make 48), or `max_latency` seconds after its first. Meanwhile nothing else is collected.
- What is sent is `{"instances": [...]}` and nothing of the clients' headers; numbers went through
  a double, texts lost lone surrogates.
- Its answer is split by position. Every client gets a 200: with `predictions`, or with `message`
  and null if the status was not 200 (the message is the body), if the body was not JSON, or if
  there were not as many predictions as instances.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from support.environment import environment
from support.ports import free_port

WRONG_LENGTH = "size of prediction is not equal to the size of instances"


@dataclass
class Batching:
    """When a batch is full, and how many seconds its first request may wait."""

    max_batch_size: int = 32
    max_latency: float = 0.5


@dataclass
class Collected:
    """One client's request, and where its answer goes."""

    path: str
    instances: list[Any]
    answer: asyncio.Future[dict[str, Any]]


class Player:
    """The batcher in front of `upstream`, played."""

    def __init__(self, upstream: str, batching: Batching) -> None:
        self._upstream = upstream
        self._batching = batching
        # Unbuffered in the original: who is not collected yet waits, which comes to the same.
        self._waiting: asyncio.Queue[Collected] = asyncio.Queue()

    async def handle(self, request: web.Request) -> web.Response:
        """Collect a request, or pass it on."""
        body = await request.read()
        if not request.path.endswith(":predict"):
            return await self._pass_on(request, body)
        try:
            instances = read_request(body)
        except ValueError:
            return web.Response(status=400, text="can't Unmarshal body\n")
        if not instances:
            return web.Response(status=400, text="no instances in the request\n")
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(Collected(request.path, instances, answer))
        return web.json_response(await answer)

    async def run(self) -> None:
        """Collect and send batches, one after another, until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            due = time.monotonic() + self._batching.max_latency
            while sum(len(one.instances) for one in batch) < self._batching.max_batch_size:
                try:
                    async with asyncio.timeout(due - time.monotonic()):
                        batch.append(await self._waiting.get())
                except TimeoutError:
                    break
            await self._send(batch)

    async def _send(self, batch: list[Collected]) -> None:
        instances = [instance for one in batch for instance in one.instances]
        status, body = await self._post(batch[-1].path, {"instances": as_go_has_it(instances)})
        message, predictions = read_answer(status, body, len(instances))
        batch_id = str(uuid.uuid4()) if status == 200 else ""
        at = 0
        for one in batch:
            own = predictions and predictions[at : at + len(one.instances)]
            at += len(one.instances)
            one.answer.set_result({"message": message, "batchId": batch_id, "predictions": own})

    async def _post(self, path: str, document: dict[str, Any]) -> tuple[int, bytes]:
        data = json.dumps(document).encode()
        async with aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session:
            async with session.post(self._upstream + path, data=data) as response:
                return response.status, await response.read()

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        url = self._upstream + request.path_qs
        async with aiohttp.ClientSession() as session:
            async with session.request(
                request.method, url, data=body, headers=request.headers
            ) as response:
                kind = response.content_type
                return web.Response(
                    status=response.status, body=await response.read(), content_type=kind
                )


def read_request(body: bytes) -> list[Any]:
    """The instances, none if there is no such field. Raises ValueError."""
    given = json.loads(body, parse_int=float)
    if not isinstance(given, dict | None):
        raise ValueError("not an object")
    instances = given.get("instances") if given else None
    if not isinstance(instances, list | None):
        raise ValueError("not a list")
    return instances or []


def read_answer(status: int, body: bytes, number: int) -> tuple[str, list[Any] | None]:
    """What all clients of a batch are told, and its predictions."""
    if status != 200:
        return body.decode(), None
    try:
        predictions = json.loads(body)["predictions"]
    except ValueError as error:
        return str(error), None
    except (KeyError, TypeError):
        predictions = []
    return ("", predictions) if len(predictions) == number else (WRONG_LENGTH, None)


def as_go_has_it(value: Any) -> Any:
    """A JSON value that Go read and wrote: whole numbers below 1e21 have no fraction."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [as_go_has_it(one) for one in value]
    if isinstance(value, dict):
        return {as_go_has_it(name): as_go_has_it(value[name]) for name in sorted(value)}
    return value


@asynccontextmanager
async def playing(upstream: str, batching: Batching) -> AsyncIterator[str]:
    """The address of a player in front of a server."""
    player = Player(upstream, batching)
    collecting = asyncio.create_task(player.run())
    async with serving(player.handle) as url:
        yield url
    collecting.cancel()
    await asyncio.gather(collecting, return_exceptions=True)


@asynccontextmanager
async def serving(handle: Any) -> AsyncIterator[str]:
    """The address where a coroutine answers all requests."""
    app = web.Application(client_max_size=8 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


@asynccontextmanager
async def agent(program: Path, upstream: str, batching: Batching, log: Path) -> AsyncIterator[str]:
    """The address of KServe's own agent in front of a server; one at a time on a machine."""
    port = free_port()
    flags = {
        "port": port,
        "component-port": upstream.rpartition(":")[2],
        "max-batchsize": batching.max_batch_size,
        "max-latency": round(batching.max_latency * 1000),
    }
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            str(program),
            "--enable-batcher",
            *(f"--{name}={value}" for name, value in flags.items()),
            # A probe of the server; it is only asked by whoever asks the agent whether it is ready.
            env=environment({"SERVING_READINESS_PROBE": '{"tcpSocket": {"port": 1}}'}),
            stdout=stream,
            stderr=stream,
        )
    try:
        await listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        # On SIGTERM it would wait for half a minute.
        process.kill()
        await process.wait()


async def listening(port: int) -> None:
    """Wait until something takes connections."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
