"""The life of a server: bind, load, serve, and stop without losing a request.

KServe's FastAPI application is a module singleton without a lifespan, and its own handling of
SIGTERM closes the listener at once. So this module opens what requests share after the port is
bound and closes it after the last answer, and a server that is told to stop keeps answering for a
while, though it is no longer ready.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import StartFailed
from liftwing_serving.server.dataplane import LiftwingDataPlane, Models
from liftwing_serving.server.flags import further_names
from liftwing_serving.server.grpc import GrpcServer
from liftwing_serving.server.hosted import Hosted
from liftwing_serving.server.http import HttpServer
from liftwing_serving.server.servable import OpenServables, Servable
from liftwing_serving.settings import ServerSettings

logger = logging.getLogger(__name__)

LISTEN_BACKLOG = 2048
# Of the grace period: for the last 503s and to close, which is mostly to end the workers.
CLOSING_SECONDS = 1.0

T = TypeVar("T")


def bind(host: str, port: int, flag: str) -> socket.socket:
    """A listening socket. Exits with a message that names the port and its flag, or the host."""
    listener = socket.socket(socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(LISTEN_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            sys.exit(f"This machine has no address {host}; --host chooses another.")
        sys.exit(f"Port {port} cannot be used ({error.strerror}); {flag} chooses another.")
    return listener


class Lifecycle:
    """One server, from its start to its end. `flags` are those of `parse_flags`."""

    def __init__(
        self, names: Sequence[str], settings: ServerSettings, flags: argparse.Namespace
    ) -> None:
        self._settings = settings
        self._flags = flags
        self._hosted = [Hosted(name, settings) for name in names]
        self._models = Models()
        models = [hosted for hosted in self._hosted if not hosted.has_route]
        for model in models:
            self._models.update(model)
        for name in further_names(flags):
            self._models.update(models[0], name)
        routes = [hosted for hosted in self._hosted if hosted.has_route]
        self._data_plane = LiftwingDataPlane(self._models, routes, settings.max_instances)
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._give_up = asyncio.Event()

    async def serve(self, open_servables: OpenServables) -> int:
        """Bind, load, serve, drain. Returns the exit status."""
        host = str(self._flags.host)
        listener = bind(host, self._flags.http_port, "--http_port")
        if self._flags.enable_grpc:
            bind(host, self._flags.grpc_port, "--grpc_port").close()
        self._listen_to_signals()
        http = self._make_http()
        serving = asyncio.create_task(http.serve(listener))
        # Whatever ends the HTTP server, such as a certificate it cannot read, ends this one.
        serving.add_done_callback(lambda _: self._stop.set())
        grpc = self._make_grpc()
        if grpc:
            await grpc.start()
        opened = AsyncExitStack()
        status = 0
        try:
            loading = opened.enter_async_context(open_servables(self._flags))
            servables = await self._unless_stopped(loading)
            if servables is not None:
                self._take_up(servables)
                await self._stop.wait()
            await self._drain()
        except StartFailed as error:
            logger.error("the model cannot be loaded: %s", error, extra={"details": error.details})
            status = 1
        end = Deadline.after(self._settings.shutdown_grace_seconds)
        end = await self._finish(http, grpc, serving, end)
        await self._close(opened, end)
        # Raises what ended it, if that was not us.
        serving.result()
        return status

    def _make_http(self) -> HttpServer:
        http = HttpServer(
            self._data_plane,
            self._flags.http_port,
            self._settings,
            timeout_keep_alive=self._flags.timeout_keep_alive,
            ssl_certfile=self._flags.ssl_certfile,
            ssl_keyfile=self._flags.ssl_keyfile,
        )
        http.create_application()
        return http

    def _make_grpc(self) -> GrpcServer | None:
        if not self._flags.enable_grpc:
            return None
        sizes = {
            "grpc.max_send_message_length": self._flags.grpc_max_send_message_length,
            "grpc.max_receive_message_length": self._settings.max_body_bytes,
        }
        host, port = str(self._flags.host), self._flags.grpc_port
        return GrpcServer(self._data_plane, host, port, sizes)

    def _take_up(self, servables: Sequence[Servable[Any]]) -> None:
        for hosted, servable in zip(self._hosted, servables, strict=True):
            hosted.servable = servable
        # KServe's imports: the collector would walk them for 100 ms beside a large body.
        gc.collect()
        gc.freeze()
        gc.enable()
        logger.info("ready: %s", ", ".join(self._models.get_models()))

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._told_to_stop, False)
        loop.add_signal_handler(signal.SIGINT, self._told_to_stop, True)

    def _told_to_stop(self, hurry: bool) -> None:
        """The first signal stops, the next ends the drain delay, one more the grace period.

        A person at a terminal (SIGINT) does not wait for load balancers.
        """
        for step in (self._stop, self._hurry, self._give_up):
            if not step.is_set():
                step.set()
                if not hurry or step is not self._stop:
                    return

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
        loaded = all(hosted.servable for hosted in self._hosted)
        delay = self._settings.drain_delay_seconds if loaded else 0
        logger.info("stopping: not ready, still accepting for %g s", delay)
        try:
            async with asyncio.timeout(delay):
                await self._hurry.wait()
        except TimeoutError:
            pass

    async def _finish(
        self,
        http: HttpServer,
        grpc: GrpcServer | None,
        serving: asyncio.Task[None],
        end: Deadline,
    ) -> Deadline:
        """No new connections; wait for the last answers, and give up those that come too late.

        Returns when all has to be closed: before the grace period's end if a signal ended that.
        """
        logger.info("stopping: finishing what is in flight")
        http.stop()
        stopping: set[asyncio.Task[Any]] = {serving}
        if grpc:
            stopping.add(asyncio.create_task(grpc.stop(end.remaining())))
        finished = asyncio.ensure_future(asyncio.wait(stopping))
        told = asyncio.create_task(self._give_up.wait())
        closing = min(CLOSING_SECONDS, end.remaining() / 4)
        await asyncio.wait(
            {finished, told},
            timeout=end.remaining() - closing,
            return_when=asyncio.FIRST_COMPLETED,
        )
        told.cancel()
        if finished.done():
            return end
        logger.warning("stopping: what is in flight is given up")
        http.give_up()
        if grpc:
            await grpc.stop(0)
        await finished
        return min(end, Deadline.after(CLOSING_SECONDS / 2)) if self._give_up.is_set() else end

    async def _close(self, opened: AsyncExitStack, end: Deadline) -> None:
        """Close what the servables opened, within the time that is left."""
        closing = asyncio.create_task(opened.aclose())
        waiting: set[asyncio.Task[Any]] = {closing}
        if not self._give_up.is_set():
            waiting.add(asyncio.create_task(self._give_up.wait()))
        await asyncio.wait(
            waiting,
            timeout=max(end.remaining(), CLOSING_SECONDS / 10),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not closing.done():
            logger.warning("stopping: not everything could be closed in time")
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        if not closing.cancelled():
            closing.result()
