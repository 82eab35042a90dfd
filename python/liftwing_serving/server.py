"""One way to start a KServe model server and to stop it without losing a request.

KServe's FastAPI application is a module singleton without a lifespan, and its own handling of
SIGTERM closes the listener at once. Both are dealt with here: what requests share is opened after
the port is bound and closed after the last answer, and a server that is told to stop is first not
ready but still answering.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import kserve
import uvloop
from kserve import model_server
from kserve.model_repository import ModelRepository

from liftwing_serving import metrics
from liftwing_serving.errors import InternalError, ServingError
from liftwing_serving.grpc_server import GrpcServer
from liftwing_serving.rest import CLIENT_LEFT, LiftwingDataPlane, LiftwingRestServer, client_left
from liftwing_serving.settings import Settings
from liftwing_serving.template import TemplateFailed

logger = logging.getLogger(__name__)

LISTEN_BACKLOG = 2048

T = TypeVar("T")


class Servable(kserve.Model):  # type: ignore[misc]
    """A model that KServe can host; `alive` says whether it could answer a request now."""

    @property
    def alive(self) -> bool:
        """Whether the model is loaded and something is left that can score."""
        raise NotImplementedError

    async def healthy(self) -> bool:
        """KServe's question."""
        return self.alive

    async def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Answer one request, and count it by the status it will get."""
        status = InternalError.status
        try:
            answer = await super().__call__(*arguments, **options)
            status = 200
            return answer
        except ServingError as error:
            status = error.status
            raise
        except asyncio.CancelledError:
            status = CLIENT_LEFT
            raise
        finally:
            if await client_left():
                status = CLIENT_LEFT
            metrics.REQUESTS.labels(self.name, str(status)).inc()


class _Loading(Servable):
    """Stands for a model until it is loaded, so that its name answers 503 and not 404."""

    @property
    def alive(self) -> bool:
        return False


class _Models(ModelRepository):  # type: ignore[misc]
    """The hosted models, which no client can unload."""

    @property
    def loaded(self) -> bool:
        """Whether any model is past loading."""
        return not any(isinstance(model, _Loading) for model in self.models.values())

    def unload(self, name: str) -> None:
        raise NotImplementedError("Models are loaded when the server starts.")


OpenModels = Callable[[], AbstractAsyncContextManager[Sequence[Servable]]]


def run(names: Sequence[str], open_models: OpenModels, settings: Settings) -> None:
    """Serve until told to stop; exits the process with an error if that cannot be begun.

    `open_models` is entered once the port is bound; what it yields is served under its names.
    """
    flags = parse_flags(len(names))
    loop_factory = (
        asyncio.new_event_loop if flags.event_loop == "asyncio" else uvloop.new_event_loop
    )
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        sys.exit(runner.run(_Server(names, settings, flags).serve(open_models)))


def parse_flags(models: int = 1) -> argparse.Namespace:
    """KServe's command line flags. Exits on unknown ones, and on those that cannot be kept."""
    parser = argparse.ArgumentParser(
        parents=[model_server.parser],
        description="Serves the models that the environment names; see docs/configuration.md.",
    )
    flags = parser.parse_args()
    if flags.workers > 1:
        parser.error("--workers above 1 is refused: ASYNCIO_AUX_WORKERS sets the worker processes")
    if further_names(flags) and models > 1:
        parser.error("--model_name is for one model; INFERENCE_NAME has several")
    for file in filter(None, (flags.ssl_certfile, flags.ssl_keyfile)):
        if not Path(file).is_file():
            parser.error(f"there is no file {file} to serve HTTPS with")
    return flags


def further_names(flags: argparse.Namespace) -> list[str]:
    """The name that --model_name gives the one model besides its own, if it is given."""
    name = flags.model_name
    return [] if name == model_server.parser.get_default("model_name") else [name]


def bind(port: int, flag: str) -> socket.socket:
    """A listening socket on all addresses. Exits with a message that names port and flag."""
    listener = socket.socket(socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("0.0.0.0", port))
        listener.listen(LISTEN_BACKLOG)
    except OSError as error:
        sys.exit(f"Port {port} cannot be used ({error.strerror}); {flag} chooses another.")
    return listener


class _Server:
    def __init__(self, names: Sequence[str], settings: Settings, flags: argparse.Namespace) -> None:
        self._names = names
        self._settings = settings
        self._flags = flags
        self._models = _Models()
        self._data_plane = LiftwingDataPlane(self._models)
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def serve(self, open_models: OpenModels) -> int:
        """Bind, load, serve, drain. Returns the exit status."""
        listener = bind(self._flags.http_port, "--http_port")
        if self._flags.enable_grpc:
            bind(self._flags.grpc_port, "--grpc_port").close()
        for name in [*self._names, *further_names(self._flags)]:
            self._models.update(_Loading(name))
        self._listen_to_signals()
        rest = self._make_rest()
        serving = asyncio.create_task(rest.uvicorn.serve(sockets=[listener]))
        # Whatever ends the HTTP server, such as a certificate it cannot read, ends this one.
        serving.add_done_callback(lambda _: self._stop.set())
        grpc = self._make_grpc()
        if grpc:
            await grpc.start()
        status = 0
        try:
            async with AsyncExitStack() as opened:
                loading = opened.enter_async_context(open_models())
                models = await self._unless_stopped(loading)
                if models is not None:
                    self._register(models)
                    await self._stop.wait()
                await self._drain()
                await self._finish(rest, grpc, serving)
        except TemplateFailed as error:
            logger.error("the model cannot be loaded: %s", error, extra={"details": error.details})
            await self._finish(rest, grpc, serving)
            status = 1
        return status

    def _make_rest(self) -> LiftwingRestServer:
        rest = LiftwingRestServer(
            self._data_plane,
            self._flags.http_port,
            self._settings.max_body_bytes,
            grace_period=int(self._settings.shutdown_grace_seconds) or 1,
            timeout_keep_alive=self._flags.timeout_keep_alive,
            ssl_certfile=self._flags.ssl_certfile,
            ssl_keyfile=self._flags.ssl_keyfile,
        )
        rest.create_application()
        return rest

    def _make_grpc(self) -> GrpcServer | None:
        if not self._flags.enable_grpc:
            return None
        sizes = {
            "grpc.max_send_message_length": self._flags.grpc_max_send_message_length,
            "grpc.max_receive_message_length": self._settings.max_body_bytes,
        }
        return GrpcServer(self._data_plane, self._flags.grpc_port, sizes)

    def _register(self, models: Sequence[Servable]) -> None:
        for model in models:
            self._models.update(model)
        for name in further_names(self._flags):
            self._models.update(models[0], name)
        logger.info("ready: %s", ", ".join(self._models.get_models()))

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._told_to_stop, False)
        loop.add_signal_handler(signal.SIGINT, self._told_to_stop, True)

    def _told_to_stop(self, hurry: bool) -> None:
        """A person at a terminal (SIGINT) does not wait for load balancers; nor at a repetition."""
        if hurry or self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result of `work`, or None if the server is told to stop before there is one."""
        working = asyncio.create_task(work)
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if working.done():
            return working.result()
        working.cancel()
        await asyncio.wait({working})
        return None

    async def _drain(self) -> None:
        """Not ready but answering, until load balancers have noticed."""
        self._data_plane.draining = True
        delay = self._settings.drain_delay_seconds if self._models.loaded else 0
        logger.info("stopping: not ready, still accepting for %g s", delay)
        try:
            async with asyncio.timeout(delay):
                await self._hurry.wait()
        except TimeoutError:
            pass

    async def _finish(
        self, rest: LiftwingRestServer, grpc: GrpcServer | None, serving: asyncio.Task[None]
    ) -> None:
        """No new connections; wait for the last answers, as long as the grace period."""
        logger.info("stopping: finishing what is in flight")
        rest.uvicorn.should_exit = True
        stopping: list[Any] = [serving]
        if grpc:
            stopping.append(grpc.stop(self._settings.shutdown_grace_seconds))
        await asyncio.gather(*stopping)
