"""The demo EventGate as a web server: takes events and shows them, and fails when told to.

`python -m liftwing_demo.eventgate.server --port 0` prints the address it listens on, then each
event it is sent.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from liftwing_demo.eventgate.checks import Check, basic_problems, schema_check
from liftwing_demo.eventgate.knobs import NO_FAULTS, Knobs, read_knobs
from liftwing_demo.eventgate.received import Calls, Received
from liftwing_demo.eventgate.stream import Streams
from liftwing_demo.knobs import Board, add_controls
from liftwing_demo.serving import run

Show = Callable[[Any], None]

BOARD = web.AppKey("board", Board[Knobs])
CALLS = web.AppKey("calls", Calls)
CHECK: web.AppKey[Check] = web.AppKey("check")
RECEIVED = web.AppKey("received", Received)
SHOW: web.AppKey[Show] = web.AppKey("show")
STREAMS = web.AppKey("streams", Streams)


@dataclass(slots=True)
class Outcome:
    """The events of one call by what becomes of them; failed ones with the reason."""

    accepted: list[dict[str, Any]] = field(default_factory=list)
    invalid: list[dict[str, Any]] = field(default_factory=list)
    error: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The HTTP status that says how many of the events were accepted, and whose fault it is."""
        if not self.invalid and not self.error:
            return 201
        if self.accepted:
            return 207
        return 500 if self.error else 400


def make_app(check: Check = basic_problems, show: Show = lambda event: None) -> web.Application:
    """The application; `show` is called with each event that it is sent."""
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app[BOARD] = Board(NO_FAULTS)
    app[CALLS] = Calls()
    app[CHECK] = check
    app[RECEIVED] = Received()
    app[SHOW] = show
    app[STREAMS] = Streams(app[RECEIVED])
    app.on_shutdown.append(app[STREAMS].close)
    for path in ("/v1/events", "/"):
        app.router.add_post(path, _take_events)
    app.router.add_get("/v2/stream/{names}", app[STREAMS].follow)
    add_controls(app, app[BOARD], read_knobs)
    app.router.add_get("/_control/events", _show_events)
    app.router.add_delete("/_control/events", _forget_events)
    app.router.add_get("/_control/calls", _show_calls)
    app.router.add_delete("/_control/calls", _reset_calls)
    app.router.add_get("/_control/followers", _show_followers)
    return app


async def _take_events(request: web.Request) -> web.Response:
    calls = request.app[CALLS]
    calls.record_sender(request.headers.get("User-Agent", ""), request.content_type)
    faults = request.app[BOARD].next()
    try:
        events = await _events(request)
    except ValueError as error:
        calls.record_outcome(400)
        return web.Response(status=400, text=str(error))
    for event in events:
        request.app[SHOW](event)
    if faults.status is not None:
        await asyncio.sleep(faults.latency)
        calls.record_outcome(faults.status, refused=len(events))
        return web.Response(status=faults.status)
    outcome = _judge(events, faults, request.app[CHECK])
    request.app[RECEIVED].add(outcome.accepted)
    request.app[STREAMS].tell()
    # EventGate produces first and answers then: who does not wait has sent the events all the same.
    await asyncio.sleep(faults.latency)
    response = _answer(outcome, hasty="hasty" in request.query)
    counts = {name: len(getattr(outcome, name)) for name in ("accepted", "invalid", "error")}
    calls.record_outcome(response.status, **counts)
    return response


async def _events(request: web.Request) -> list[Any]:
    body = await request.read()
    try:
        document = json.loads(body)
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not document or not isinstance(document, dict | list):
        raise ValueError("Must provide JSON encoded events in request body.")
    return document if isinstance(document, list) else [document]


def _judge(events: list[Any], faults: Knobs, check: Check) -> Outcome:
    outcome = Outcome()
    for index, event in enumerate(events):
        problems = ["switched on by a knob"] if faults.invalid else check(event)
        hit = faults.partial if index % 2 else None
        if problems or hit == "invalid":
            context = {"message": "; ".join(problems) or "switched on by a knob"}
            outcome.invalid.append({"status": "invalid", "event": event, "context": context})
        elif hit == "error":
            context = {"message": "switched on by a knob"}
            outcome.error.append({"status": "error", "event": event, "context": context})
        else:
            outcome.accepted.append(event)
    return outcome


def _answer(outcome: Outcome, hasty: bool) -> web.Response:
    if hasty:
        return web.Response(status=202)
    if outcome.status == 201:
        return web.Response(status=201)
    document = {"invalid": outcome.invalid, "error": outcome.error}
    return web.json_response(document, status=outcome.status)


async def _show_events(request: web.Request) -> web.Response:
    return web.json_response(request.app[RECEIVED].document())


async def _forget_events(request: web.Request) -> web.Response:
    request.app[RECEIVED].reset()
    return web.json_response({"ok": True})


async def _show_calls(request: web.Request) -> web.Response:
    return web.json_response(request.app[CALLS].document())


async def _reset_calls(request: web.Request) -> web.Response:
    request.app[CALLS].reset()
    return web.json_response({"ok": True})


async def _show_followers(request: web.Request) -> web.Response:
    return web.json_response(request.app[STREAMS].document())


def _print(event: Any) -> None:
    print(json.dumps(event, ensure_ascii=False, separators=(",", ":")), flush=True)


def _print_pretty(event: Any) -> None:
    print(json.dumps(event, ensure_ascii=False, indent=2), flush=True)


def _shut_up(event: Any) -> None:
    pass


def main(arguments: list[str] | None = None) -> int:
    """Run the server; the exit code is 0 after a signal, 1 if it could not start."""
    parser = argparse.ArgumentParser(prog="python -m liftwing_demo.eventgate.server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--schemas", type=Path, help="folder of schemas (YAML) to check against")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--pretty", action="store_true", help="print events over several lines")
    shape.add_argument("--quiet", action="store_true", help="do not print events")
    options = parser.parse_args(arguments)
    try:
        check = schema_check(options.schemas) if options.schemas else basic_problems
    except (ImportError, OSError, ValueError) as error:
        print(f"cannot check events against --schemas: {error}", file=sys.stderr)
        return 1
    show = _print_pretty if options.pretty else _shut_up if options.quiet else _print
    return run(make_app(check, show), "eventgate", options.host, options.port)


if __name__ == "__main__":
    sys.exit(main())
