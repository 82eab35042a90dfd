"""What a client's connection may cost: how many there are, how large and how slow a head may be.

Uvicorn bounds none of these: it keeps whatever comes until the end of the headers.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 800
MAX_HEAD_BYTES = 64 << 10
HEAD_SECONDS = 10.0
# A reset would take the answer along that the client has not read yet.
LINGER_SECONDS = 2.0


class BoundedConnection(HttpToolsProtocol):
    """One client's connection. Request line, headers and trailers together make the head."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = 0
        self._unheard_bytes = 0
        self._in_head = True
        self._refused = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Uvicorn's connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(503, "Too many connections.", "retry-after: 1\r\n")
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """More of a request; thrown away once the connection is refused."""
        if self._refused:
            return
        if self._in_head and self._timer is None:
            self._expect_head()
        # The parser keeps what it has not told of yet, such as half a header.
        self._unheard_bytes += len(data)
        super().data_received(data)
        if self._unheard_bytes > MAX_HEAD_BYTES:
            self._refuse_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head_bytes = self._unheard_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the request line."""
        if self._counts(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer behind a chunked body."""
        if self._counts(len(name) + len(value)):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: the request begins, unless it is refused."""
        self._unheard_bytes = 0
        self._in_head = False
        self._stop_timer()
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body, which the application bounds."""
        self._unheard_bytes = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The next head may follow."""
        self._unheard_bytes = 0
        self._in_head = True
        if not self._refused:
            super().on_message_complete()

    def _counts(self, size: int) -> bool:
        """Whether that much more may still belong to the head."""
        self._unheard_bytes = 0
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        return not self._refused

    def _refuse_head(self) -> None:
        self._refuse(431, f"The request's headers are larger than {MAX_HEAD_BYTES} bytes.")

    def _refuse(self, status: int, text: str, headers: str = "") -> None:
        """Answer with an error, read no more, and close.

        There is no answer within an exchange, whose own would come first.
        """
        if self._refused:
            return
        self._refused = True
        self._stop_timer()
        logger.info("answered %d: %s", status, text, extra={"status": status})
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()
            return
        body = orjson.dumps({"error": text})
        head = f"{headers}content-length: {len(body)}\r\nconnection: close\r\n"
        head += "content-type: application/json\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._close_if_waiting)

    def _close_if_waiting(self) -> None:
        """Close, unless an answer to an earlier request of the connection is still to be sent."""
        self._timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self._expect_head()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
