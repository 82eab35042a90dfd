"""What a client's connection may cost: aiohttp's server bounds neither how many there are nor how
long one may say nothing, and takes what is not HTTP for a defect of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from liftwing_serving import metrics

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 2000
HEAD_SECONDS = 10.0

# What answers say that they come from.
SERVER = {"Server": "liftwing-serving"}

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class BoundedServer(web.Server):
    """A server that closes connections on which no first request comes in time, and answers those
    with 503 that are too many. `options` are aiohttp's."""

    def __init__(self, handler: Handler, **options: Any) -> None:
        super().__init__(self._hear, **options)
        self._handler = handler
        self._silent: set[web.RequestHandler] = set()

    def __call__(self) -> web.RequestHandler:
        """What reads a new connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Expect a request, unless there are too many connections."""
        super().connection_made(handler, transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._silent.add(handler)
        asyncio.get_running_loop().call_later(HEAD_SECONDS, self._close_if_silent, handler)

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Nothing is expected any more."""
        self._silent.discard(handler)
        super().connection_lost(handler, exc)

    async def _hear(self, request: web.BaseRequest) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        return await self._handler(request)

    def _close_if_silent(self, handler: web.RequestHandler) -> None:
        if handler in self._silent:
            handler.force_close()


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is answered to a request that cannot be read; its connection is closed."""
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        logger.info("a request is not HTTP: %s", type(exc).__name__)
        metrics.count_front_request("none", status, 0.0)
        body = orjson.dumps({"error": "The request is not valid HTTP."})
        headers = {**SERVER, "Content-Type": "application/json"}
        response = web.Response(status=status, body=body, headers=headers)
        response.force_close()
        return response


_BODY = orjson.dumps({"error": "Too many connections."})
_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)
