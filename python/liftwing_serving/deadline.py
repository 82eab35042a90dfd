"""How long a piece of work may still take."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from liftwing_serving.errors import DeadlineExceeded

T = TypeVar("T")

# The seconds that a caller waits for an answer, with a fraction or without.
HEADER = "x-request-timeout"
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """When work has to end, in seconds of the monotonic clock. Functions that wait are given one.

    Each bounded thing has one timer that holds it: a request in `server/hosted.py`, a call in its
    HTTP timeout, a task in the worker pool. Nothing that waits for one of these sets another. Of a
    request for several things each is held to the deadline by the family (`Servable.answer_all`,
    or `answer` under a route of its own); the server's timer for the whole rings a little later,
    so that what was done in time can still be gathered.
    """

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def of_request(cls, seconds: float) -> Deadline:
        """That many seconds from now, or when the present request's caller stops waiting."""
        own, callers = cls.after(seconds), _callers.get()
        return own if callers is None else min(own, callers)

    def later(self, seconds: float) -> Deadline:
        """The deadline that many seconds after this one."""
        return Deadline(self.at + seconds)

    def earlier(self, seconds: float) -> Deadline:
        """The deadline that many seconds before this one."""
        return Deadline(self.at - seconds)

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())

    def passed(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.at

    async def wait_for(self, work: Awaitable[T]) -> T:
        """The result of `work`, which is cancelled when the deadline passes.

        Raises DeadlineExceeded, and what `work` raises.
        """
        scope = asyncio.timeout(self.remaining())
        try:
            async with scope:
                return await work
        except TimeoutError:
            if not scope.expired():
                raise
            raise DeadlineExceeded from None

    def header(self) -> dict[str, str]:
        """The header, with its name in lower case, that tells a server how long it has."""
        return {HEADER: f"{self.remaining():.3f}"}


_callers: ContextVar[Deadline | None] = ContextVar("callers_deadline", default=None)


def take_up(headers: Mapping[str, str]) -> None:
    """Remember until when the present request's caller waits, if it says so.

    `headers` are looked up by lower-case names.
    """
    seconds = headers.get(HEADER, "")
    told = _SECONDS.fullmatch(seconds)
    _callers.set(Deadline.after(float(seconds)) if told else None)
