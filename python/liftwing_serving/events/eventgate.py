"""One call to EventGate, and what its answer says of each event.

https://wikitech.wikimedia.org/wiki/Event_Platform/EventGate
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import aiohttp
import orjson

from liftwing_serving.events.queue import QueuedEvent
from liftwing_serving.outbound import USER_AGENT, read_bounded

HEADERS = {"User-Agent": USER_AGENT, "Content-Type": "application/json"}

# 204 is what EventGate answered before it answered 201.
ACCEPTED_STATUS = frozenset({200, 201, 202, 204})
PARTLY_STATUS = 207
INVALID_STATUS = 400
TOO_LARGE_STATUS = 413
# The answer names events by repeating them.
MAX_ANSWER_BYTES = 4 << 20


class Again(Enum):
    """How to send what came back."""

    LATER = "EventGate may be out of order, or choke on one of them"
    SINGLY = "at once, each by itself: one of them is invalid"
    IN_HALVES = "at once, fewer at a time"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a batch: each of its events is in one of the four.

    `failed` are those that EventGate could not take each on its own account; `returned` are those
    of which it said nothing, to be sent `again` in another way. `reason` says why, and never
    repeats an answer: EventGate's hold the events.
    """

    delivered: Sequence[QueuedEvent] = ()
    rejected: Sequence[QueuedEvent] = ()
    failed: Sequence[QueuedEvent] = ()
    returned: Sequence[QueuedEvent] = ()
    again: Again = Again.LATER
    reason: str = ""


class EventGate:
    """Sends batches of events to an EventGate over a shared HTTP session."""

    def __init__(self, url: str, session: aiohttp.ClientSession, timeout_seconds: float) -> None:
        self._url = url
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def send(self, batch: Sequence[QueuedEvent]) -> Verdict:
        """Send events in one call, as a JSON array; never raises because of EventGate."""
        body = b"[" + b",".join(event.body for event in batch) + b"]"
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers=HEADERS,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                if response.status in ACCEPTED_STATUS:
                    return Verdict(delivered=batch)
                answer = await read_bounded(response, MAX_ANSWER_BYTES)
        except asyncio.TimeoutError:
            reason = f"no answer within {self._timeout.total:g} seconds"
            return Verdict(returned=batch, reason=reason)
        except OSError as error:
            return Verdict(returned=batch, reason=f"{type(error).__name__} {error}")
        except aiohttp.ClientError as error:
            # Its text may repeat what EventGate sent.
            return Verdict(returned=batch, reason=type(error).__name__)
        return judge(batch, response.status, answer)


def judge(batch: Sequence[QueuedEvent], status: int, answer: bytes | None) -> Verdict:
    """What an answer other than plain acceptance means for each event; `answer` None is too large.

    Final is only what EventGate says of an event: that it names it as invalid, or refuses it when
    it was sent alone.
    """
    reason = f"HTTP status {status}"
    named = _named(batch, answer)
    invalid = [event for event in batch if event.id in named.invalid]
    others = [event for event in batch if event.id not in named.invalid]
    alone = len(batch) == 1
    if status == PARTLY_STATUS and (named.invalid or named.failed):
        failed = [event for event in others if event.id in named.failed]
        delivered = [event for event in others if event.id not in named.failed]
        return Verdict(delivered, invalid, failed, reason=reason)
    if status in (INVALID_STATUS, TOO_LARGE_STATUS) and alone:
        return Verdict(rejected=batch, reason=reason)
    if status == TOO_LARGE_STATUS:
        return Verdict(returned=batch, again=Again.IN_HALVES, reason=reason)
    if status == INVALID_STATUS:
        return Verdict(rejected=invalid, returned=others, again=Again.SINGLY, reason=reason)
    # Of a 207 that names none, some may have been taken: consumers tell doubles by their ids.
    return Verdict(rejected=invalid, returned=others, reason=reason)


@dataclass(frozen=True, slots=True)
class _Named:
    invalid: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


def _named(batch: Sequence[QueuedEvent], answer: bytes | None) -> _Named:
    """Ids of the events that an answer calls invalid, and of those that it calls failed.

    None at all if the answer cannot be read or names an event that is none of the batch.
    """
    try:
        document = orjson.loads(answer or b"")
        invalid, failed = (
            frozenset(entry["event"]["meta"]["id"] for entry in document.get(name) or [])
            for name in ("invalid", "error")
        )
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return _Named()
    known = invalid | failed <= {event.id for event in batch}
    return _Named(invalid, failed - invalid) if known else _Named()
