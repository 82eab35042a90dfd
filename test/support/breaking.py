"""HTTP requests and answers as whole values, for an application that breaks its promises.

A `Breach` answers a request wrongly, with what the honest application answers at hand.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A body of which there is more, or that takes longer, goes to the application as it comes.
MOST_BYTES = 4 << 20
MOST_SECONDS = 0.2


def parsed(text: bytes) -> Any:
    """The JSON in a text, or None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True)
class Asked:
    """A request; names of headers have small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return parsed(self.body)

    @property
    def fields(self) -> dict[str, Any]:
        """The members of the JSON object; none if it is none."""
        document = self.json
        return document if isinstance(document, dict) else {}

    def with_json(self, document: object) -> Asked:
        return replace(self, body=json.dumps(document).encode())


@dataclass(frozen=True)
class Answered:
    """An answer, by default of JSON."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(
        default_factory=lambda: {
            "content-type": "application/json",
            "x-request-id": str(uuid.uuid4()),
        }
    )

    @property
    def json(self) -> Any:
        return parsed(self.body)

    def with_json(self, document: object) -> Answered:
        return replace(self, body=json.dumps(document).encode())

    def with_headers(self, **headers: str | None) -> Answered:
        """The same with these headers set, and those of None taken away."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in self.headers.items() if name not in given}
        return replace(self, headers=kept | {n: v for n, v in given.items() if v is not None})


def answer_of(document: object, status: int = 200) -> Answered:
    return Answered(status, json.dumps(document).encode())


Ask = Callable[[Asked], Awaitable[Answered]]
Breach = Callable[[Asked, Ask], Awaitable[Answered]]


def all_of(breaches: Sequence[Breach]) -> Breach:
    """Several breaches, each of which takes the next ones for the honest application."""
    if not breaches:
        return lambda asked, ask: ask(asked)
    first, others = breaches[0], all_of(breaches[1:])
    return lambda asked, ask: first(asked, lambda again: others(again, ask))


async def called(app: ASGIApp, scope: Scope, receive: Receive, send: Send, breach: Breach) -> None:
    """Answer a request with the breach; what is long or slow, with the application itself."""
    begun = _Begun(receive)
    if not await begun.is_whole():
        await app(scope, begun.receive, send)
        return

    async def ask(asked: Asked) -> Answered:
        given = {**asked.headers, "content-length": str(len(asked.body))}
        changed = {**scope, "method": asked.method, "path": asked.path, "headers": _pairs(given)}
        body = _Begun(receive, [{"type": "http.request", "body": asked.body}])
        sent: list[Message] = []

        async def note(message: Message) -> None:
            sent.append(message)

        await app(changed, body.receive, note)
        headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        pieces = [message.get("body", b"") for message in sent[1:]]
        return Answered(sent[0]["status"], b"".join(pieces), headers)

    headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
    asked = Asked(scope["method"], scope["path"], headers, begun.body)
    answered = await breach(asked, ask)
    start = {"type": "http.response.start", "status": answered.status}
    length = str(len(answered.body))
    await send({**start, "headers": _pairs({**answered.headers, "content-length": length})})
    await send({"type": "http.response.body", "body": answered.body})


def _pairs(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


class _Begun:
    """A body of which some messages have come, which can be received once more."""

    def __init__(self, receive: Receive, messages: Sequence[Message] = ()) -> None:
        self._receive = receive
        self._messages = list(messages)
        self._next: asyncio.Future[Message] | None = None

    @property
    def body(self) -> bytes:
        """As far as it has come."""
        return b"".join(message.get("body", b"") for message in self._messages)

    async def is_whole(self) -> bool:
        """Whether it is neither long nor slow; then all of it has come."""
        while len(self.body) < MOST_BYTES:
            self._next = asyncio.ensure_future(self._receive())
            if not (await asyncio.wait([self._next], timeout=MOST_SECONDS))[0]:
                return False
            self._messages.append(self._next.result())
            self._next = None
            if not self._messages[-1].get("more_body"):
                return True
        return False

    async def receive(self) -> Message:
        """The messages that have come, then the others."""
        if self._messages:
            return self._messages.pop(0)
        if self._next is not None:
            awaited, self._next = self._next, None
            return await awaited
        return await self._receive()
