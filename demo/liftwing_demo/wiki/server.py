"""The demo wiki as a web server: the API, and controls to make it misbehave.

`python -m liftwing_demo.wiki.server --db PATH --port 0` prints the address it listens on.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
from contextlib import ExitStack
from pathlib import Path

from aiohttp import web

from liftwing_demo.knobs import Board, add_controls
from liftwing_demo.serving import run
from liftwing_demo.wiki.api import answer, error_document
from liftwing_demo.wiki.api.params import ApiError
from liftwing_demo.wiki.calls import Calls
from liftwing_demo.wiki.knobs import NO_FAULTS, ErrorKnob, Knobs, read_knobs
from liftwing_demo.wiki.store import WikiStore

STORES = web.AppKey("stores", dict[str, WikiStore])
BOARD = web.AppKey("board", Board[Knobs])
CALLS = web.AppKey("calls", Calls)
_HTML = (
    b"<!DOCTYPE html><html><head><title>Error</title></head>"
    b"<body>Our servers are under maintenance.</body></html>"
)
DEFAULT = ""
"""Stands for every host that is no other wiki's."""
_SLICES = 20
_GZIP_FROM_BYTES = 1024


def make_app(store: WikiStore, *others: WikiStore) -> web.Application:
    """The application over one or more wikis; the caller closes the stores afterwards.

    The Host header says which is asked, as in Wikimedia's data centers; the first one answers for
    every host that is no other's.
    """
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app[STORES] = {DEFAULT: store} | {other.site().host: other for other in others}
    app[BOARD] = Board(NO_FAULTS)
    app[CALLS] = Calls()
    for path in ("/w/api.php", "/api.php"):
        app.router.add_get(path, _api)
        app.router.add_post(path, _api)
    add_controls(app, app[BOARD], read_knobs)
    app.router.add_get("/_control/calls", _show_calls)
    app.router.add_delete("/_control/calls", _reset_calls)
    return app


async def _api(request: web.Request) -> web.StreamResponse:
    values = {**request.query}
    if request.method == "POST":
        values |= {name: str(value) for name, value in (await request.post()).items()}
    agent = request.headers.get("User-Agent", "")
    request.app[CALLS].record(values, request.headers.get("Host", ""), agent)
    faults = request.app[BOARD].next()
    if faults.latency:
        await asyncio.sleep(faults.latency)
    return await _faulty(request, faults, values)


async def _faulty(
    request: web.Request, faults: Knobs, values: dict[str, str]
) -> web.StreamResponse:
    if faults.redirect:
        return web.Response(status=302, headers={"Location": "/elsewhere"})
    if faults.error is not None:
        return _error(faults.error, values)
    document = answer(_store(request), values)
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if faults.malformed is not None:
        return _malformed(faults, body)
    headers = {"MediaWiki-API-Error": document["error"]["code"]} if "error" in document else {}
    if faults.slow_body:
        return await _dribble(request, body, faults.slow_body)
    response = web.Response(body=body, content_type="application/json", charset="utf-8")
    response.headers.update(headers)
    if len(body) >= _GZIP_FROM_BYTES and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def _store(request: web.Request) -> WikiStore:
    stores = request.app[STORES]
    host = request.headers.get("Host", "").partition(":")[0].lower()
    return stores.get(host, stores[DEFAULT])


def _error(error: ErrorKnob, values: dict[str, str]) -> web.Response:
    headers = {} if error.retry_after is None else {"Retry-After": f"{error.retry_after:g}"}
    if error.api is None:
        headers["Content-Type"] = "text/html; charset=utf-8"
        return web.Response(status=error.status or 503, body=_HTML, headers=headers)
    version = 2 if values.get("formatversion") in ("2", "latest") else 1
    document = error_document(ApiError(error.api, f"Switched on by a knob: {error.api}."), version)
    headers["MediaWiki-API-Error"] = error.api
    return web.json_response(document, status=error.status or 200, headers=headers)


def _malformed(faults: Knobs, body: bytes) -> web.Response:
    if faults.malformed == "html":
        return web.Response(body=_HTML, content_type="text/html", charset="utf-8")
    bodies = {"json": b"{'query': nothing", "truncated": body[: len(body) // 2], "empty": b""}
    return web.Response(
        body=bodies[faults.malformed or "json"], content_type="application/json", charset="utf-8"
    )


async def _dribble(request: web.Request, body: bytes, seconds: float) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = "application/json"
    response.content_length = len(body)
    await response.prepare(request)
    size = max(1, -(-len(body) // _SLICES))
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _SLICES)
        await response.write(body[start : start + size])
    await response.write_eof()
    return response


async def _show_calls(request: web.Request) -> web.Response:
    return web.json_response(request.app[CALLS].document())


async def _reset_calls(request: web.Request) -> web.Response:
    request.app[CALLS].reset()
    return web.json_response({"ok": True})


def main(arguments: list[str] | None = None) -> int:
    """Run the server; the exit code is 0 after a signal, 1 if it could not start."""
    parser = argparse.ArgumentParser(prog="python -m liftwing_demo.wiki.server")
    parser.add_argument(
        "--db",
        type=Path,
        required=True,
        action="append",
        help="a wiki's file; of several, each answers for its own host, the first for all others",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        stores = []
        for path in options.db:
            try:
                stores.append(stack.enter_context(WikiStore.open(path)))
            except sqlite3.Error as error:
                print(f"cannot read the wiki at {path}: {error}", file=sys.stderr)
                return 1
        return run(make_app(*stores), "wiki", options.host, options.port)


if __name__ == "__main__":
    sys.exit(main())
