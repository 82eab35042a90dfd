"""What happens to each HTTP request before KServe sees it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liftwing_serving import incoming
from liftwing_serving.errors import BodyTooSlow, PayloadTooLarge, ServingError, Unavailable
from liftwing_serving.server.failures import answer_with, describe

T = TypeVar("T")

LINGER_SECONDS = 2.0

# Models are loaded when the server starts and have one version; nothing here explains scores.
NOT_OFFERED = re.compile(r"^/v2/repository/|^/v2/models/[^/]+/versions/|:explain$")


_exchange: ContextVar[_Exchange | None] = ContextVar("exchange", default=None)


def came_by_http() -> bool:
    """Whether the present request did; others came by gRPC."""
    return _exchange.get() is not None


def client_left() -> bool:
    """Whether the present request came by HTTP and its client has gone."""
    exchange = _exchange.get()
    return exchange is not None and exchange.left()


async def unless_client_leaves(work: Coroutine[Any, Any, T]) -> T:
    """What the work returns. It is given up when the present request's client leaves.

    Raises Unavailable then, which nobody reads. gRPC cancels the calls of clients that leave by
    itself. For what takes long: watching costs two tasks.
    """
    exchange = _exchange.get()
    if exchange is None:
        return await work
    working, leaving = asyncio.create_task(work), asyncio.create_task(_leaving(exchange))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Unavailable("The client has left.")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _leaving(exchange: _Exchange) -> None:
    """Return when the client leaves. The request's body has been read."""
    while (await exchange.receive())["type"] != "http.disconnect":
        pass


class Entrance:
    """ASGI middleware: gives each request an id, for its log lines and its answer; turns away
    what is not offered, bodies over the cap and those that do not arrive within `body_seconds`."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, body_seconds: float) -> None:
        self.app = app
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or pass it on, with the caller's X-Request-Id if that is harmless."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = incoming.take_up(headers)
        exchange = _Exchange(receive, send, request_id, self._max_body_bytes, self._body_seconds)
        _exchange.set(exchange)
        announced = headers.get("content-length", "0")
        try:
            if NOT_OFFERED.search(scope["path"]):
                await answer_with("Not offered by this server.", 404)(scope, receive, exchange.send)
            elif announced.isdecimal() and int(announced) > self._max_body_bytes:
                await exchange.refuse(PayloadTooLarge(self._max_body_bytes))
            else:
                await self.app(scope, exchange.receive, exchange.send)
                if exchange.refusal:
                    await exchange.refuse(exchange.refusal)
        except asyncio.CancelledError:
            # Only the stop cancels requests: those that outlast the grace period.
            if exchange.answered:
                raise
            stopping = answer_with("The server is stopping.", 503, {"Retry-After": "1"})
            await stopping(scope, receive, exchange.send)
        except Exception:
            # Starlette answers a defect and raises it again, for servers that would not log it.
            if not exchange.answered:
                raise


class _Exchange:
    """One request's body on its way in, counted, and its answer on the way out.

    Once there is a `refusal` the application sees a client that left, and is not heard.
    """

    def __init__(
        self,
        receive: Receive,
        send: Send,
        request_id: str,
        max_body_bytes: int,
        body_seconds: float,
    ) -> None:
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._max_body_bytes = max_body_bytes
        self._bytes_left = max_body_bytes
        self._body_seconds = body_seconds
        self._deadline: float | None = asyncio.get_running_loop().time() + body_seconds
        self.refusal: ServingError | None = None
        self.answered = False

    async def receive(self) -> Message:
        """The next piece of the body; then, when the client leaves, that it did."""
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self.refusal = BodyTooSlow(self._body_seconds)
            return {"type": "http.disconnect"}
        self._bytes_left -= len(message.get("body", b""))
        if self._bytes_left < 0:
            self.refusal = PayloadTooLarge(self._max_body_bytes)
            return {"type": "http.disconnect"}
        if not message.get("more_body"):
            self._deadline = None
        return message

    def left(self) -> bool:
        """Whether the client has left, as far as is known now. The body has been read."""
        receiving = self._receive().__await__()
        try:
            receiving.send(None)
        except StopIteration as message:
            return bool(message.value["type"] == "http.disconnect")
        # It waits for news.
        receiving.close()
        return False

    async def send(self, message: Message) -> None:
        """A piece of the application's answer, with the request's id."""
        if self.refusal:
            return
        self.answered = True
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["x-request-id"] = self._request_id
        await self._send(message)

    async def refuse(self, error: ServingError) -> None:
        """Answer with the error and close, but not at once: a reset would take the answer along."""
        headers = {"Connection": "close", "x-request-id": self._request_id}
        status, text = describe(error)
        answer = answer_with(text, status, headers)
        self.answered = True
        start = {"type": "http.response.start", "status": status}
        await self._send({**start, "headers": answer.raw_headers})
        await self._send({"type": "http.response.body", "body": answer.body, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                # What still arrives is thrown away.
                while (await self._receive()).get("more_body"):
                    pass
        await self._send({"type": "http.response.body"})
