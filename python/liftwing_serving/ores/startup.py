"""Starts the front, and stops it without losing a request."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address

from aiohttp import web

from liftwing_serving import server
from liftwing_serving.deadline import Deadline
from liftwing_serving.ores.application import Application
from liftwing_serving.ores.client import Client
from liftwing_serving.ores.connections import BoundedServer
from liftwing_serving.ores.directory import Directory
from liftwing_serving.ores.forwarding import Forwarding
from liftwing_serving.ores.page import Page
from liftwing_serving.ores.routes import Routes
from liftwing_serving.ores.scores import Scores
from liftwing_serving.ores.servers import Entry, Servers, read_entries
from liftwing_serving.ores.settings import OresSettings
from liftwing_serving.outbound import open_session
from liftwing_serving.settings import SettingsError

logger = logging.getLogger(__name__)

LISTEN_BACKLOG = 2048
# A path may name 50 revisions and many thresholds.
MAX_HEAD_BYTES = 64 << 10
# Of the grace period: for the last 503s.
CLOSING_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 65


def serve(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop; exits the process. `arguments` are the flags, by default this
    process's own."""
    settings = server.begin(OresSettings)
    with server.nonsense_ends_it():
        entries = entries_of(settings)
    flags = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    listener = _bind(str(flags.host), flags.http_port)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, entries, listener))


def entries_of(settings: OresSettings) -> list[Entry]:
    """The entries that the settings name. Raises SettingsError if there are none."""
    entries = read_entries(settings.model_servers, "MODEL_SERVERS")
    file = settings.model_servers_file
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"MODEL_SERVERS_FILE: {file}: {error}") from None
        entries += read_entries(text, f"MODEL_SERVERS_FILE: {file}")
    if not entries:
        raise SettingsError("MODEL_SERVERS: no model server is named, here or by a file.")
    return entries


async def _serve(settings: OresSettings, entries: Sequence[Entry], listener: socket.socket) -> None:
    steps = _Steps()
    async with open_session(max_connections=0) as session:
        client, servers = Client(session, settings.max_calls_per_server), Servers(entries)
        scores = Scores(client, Directory(servers, client), settings.max_instances)
        routes = Routes(scores, Forwarding(servers, client), lambda: not steps.stop.is_set())
        application = Application(routes, settings)
        page = Page(application, scores, session, settings, settings.request_deadline_seconds)
        runner = web.ServerRunner(
            BoundedServer(
                page,
                handler_cancellation=True,
                access_log=None,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                max_line_size=MAX_HEAD_BYTES,
                max_field_size=MAX_HEAD_BYTES,
            ),
            shutdown_timeout=CLOSING_SECONDS,
        )
        await runner.setup()
        site = web.SockSite(runner, listener, backlog=LISTEN_BACKLOG)
        await site.start()
        logger.info("ready: %s", ", ".join(entry.pattern for entry in entries))
        await steps.stop.wait()
        await _stop(settings, steps, application, page, site)
        await page.close()
        await runner.cleanup()


async def _stop(
    settings: OresSettings,
    steps: _Steps,
    application: Application,
    page: Page,
    site: web.SockSite,
) -> None:
    """Not ready but answering for a while; then no new connections, and the last answers."""
    logger.info("stopping: not ready, still accepting for %g s", settings.drain_delay_seconds)
    await _first(steps.hurry, settings.drain_delay_seconds)
    await site.stop()
    end = Deadline.after(settings.shutdown_grace_seconds).earlier(CLOSING_SECONDS)
    while not (application.idle and page.idle or end.passed() or steps.give_up.is_set()):
        await _first(steps.give_up, 0.02)
    application.give_up()


async def _first(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event or for so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


class _Steps:
    """What signals ask for: the first to stop, the next ends the drain delay, one more the grace.

    A person at a terminal (SIGINT) does not wait for load balancers.
    """

    def __init__(self) -> None:
        self.stop, self.hurry, self.give_up = asyncio.Event(), asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._next)
        loop.add_signal_handler(signal.SIGINT, self._interrupted)

    def _next(self) -> None:
        for step in (self.stop, self.hurry, self.give_up):
            if not step.is_set():
                step.set()
                return

    def _interrupted(self) -> None:
        if not self.stop.is_set():
            self._next()
        self._next()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="One address for the models of many servers; see docs/ores.md."
    )
    parser.add_argument("--http_port", type=int, default=8080, help="the port, 8080")
    parser.add_argument(
        "--host",
        type=IPv4Address,
        default=IPv4Address("0.0.0.0"),
        help="the address to listen on, all of the machine's by default",
    )
    return parser


def _bind(host: str, port: int) -> socket.socket:
    """A socket to listen on. Exits with a message that names the port and its flag."""
    try:
        return socket.create_server((host, port), reuse_port=False, backlog=LISTEN_BACKLOG)
    except (OSError, OverflowError) as error:
        sys.exit(f"Port {port} of {host} cannot be used ({error}); --http_port chooses another.")
