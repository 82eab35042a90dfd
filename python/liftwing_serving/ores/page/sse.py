"""Server-sent events: how they are written, and how a stream of them is read. Pure.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

COMMENT = b":\n\n"
# A page is not told of comments, and by their absence learns nothing.
ALIVE = b'event: alive\ndata: "alive"\n\n'


class TooLong(Exception):
    """An event that is larger than what is read."""


@dataclass(frozen=True, slots=True)
class Message:
    """One event of a stream; `last_id` is the id to go on from."""

    data: str
    last_id: str | None


def written(data: bytes, event_id: str, event: str) -> bytes:
    """An event of one line of data."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (event.encode(), event_id.encode(), data)


class Reader:
    """Takes the bytes of a stream in pieces of any size, and yields events as they are whole."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = b""
        self._size = 0
        self._data: list[str] = []
        self._last_id: str | None = None

    def feed(self, piece: bytes) -> Iterator[Message]:
        """The events that end in this piece. Raises TooLong."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            message = self._line(line.removesuffix(b"\r"))
            if message is not None:
                yield message
        if len(self._rest) + self._size > self._max_bytes:
            raise TooLong

    def _line(self, line: bytes) -> Message | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return Message("\n".join(data), self._last_id) if data else None
        name, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode(errors="replace")
        if name == b"data":
            self._size += len(line)
            if self._size > self._max_bytes:
                raise TooLong
            self._data.append(text)
        elif name == b"id" and "\0" not in text:
            self._last_id = text
        return None
