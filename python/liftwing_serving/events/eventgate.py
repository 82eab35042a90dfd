"""One call to EventGate, and what its answer says of each event.

https://wikitech.wikimedia.org/wiki/Event_Platform/EventGate
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import orjson

from liftwing_serving.events.queue import QueuedEvent
from liftwing_serving.outbound import USER_AGENT, read_bounded

logger = logging.getLogger(__name__)

HEADERS = {"User-Agent": USER_AGENT, "Content-Type": "application/json"}

# 204 is what EventGate answered before it answered 201.
ACCEPTED_STATUS = frozenset({200, 201, 202, 204})
PARTLY_STATUS = 207
UNAVAILABLE_STATUS = frozenset({408, 425, 429, 502, 503, 504})
# The answer names events by repeating them.
MAX_ANSWER_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a batch: each of its events is in one of the three sequences.

    `failed` ones may be sent again; `reason` says why they failed. `blamed` means that EventGate
    failed on these very events, and not that it could not be asked at all.
    """

    delivered: Sequence[QueuedEvent] = ()
    rejected: Sequence[QueuedEvent] = ()
    failed: Sequence[QueuedEvent] = ()
    reason: str = ""
    blamed: bool = False


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
            return Verdict(failed=batch, reason=f"no answer within {self._timeout.total:g} seconds")
        except (aiohttp.ClientError, OSError) as error:
            return Verdict(failed=batch, reason=f"{type(error).__name__} {error}")
        return judge(batch, response.status, answer)


def judge(batch: Sequence[QueuedEvent], status: int, answer: bytes | None) -> Verdict:
    """What an answer other than plain acceptance means for each event; `answer` None is too large.

    The body has `invalid` and `error`, lists of objects that repeat the `event`. A second try makes
    sense only where EventGate says that it failed, not that the event did.
    """
    reason = f"HTTP status {status}"
    if status == PARTLY_STATUS:
        return _partly(batch, answer, reason)
    if status in UNAVAILABLE_STATUS:
        return Verdict(failed=batch, reason=reason)
    if status >= 500:
        return _none(batch, answer, reason)
    logger.error("EventGate refuses events: %s", reason, extra={"answer": _start_of(answer)})
    return Verdict(rejected=batch)


def _partly(batch: Sequence[QueuedEvent], answer: bytes | None, reason: str) -> Verdict:
    named = _named(batch, answer)
    if named is None:
        # Some were accepted but nobody knows which; consumers recognise duplicates by their ids.
        return Verdict(failed=batch, reason=f"{reason} that names no events of ours")
    invalid, failed = named
    _log_rejected(invalid, answer)
    return Verdict(
        delivered=[event for event in batch if event.id not in invalid | failed],
        rejected=[event for event in batch if event.id in invalid],
        failed=[event for event in batch if event.id in failed],
        reason=reason,
        blamed=True,
    )


def _none(batch: Sequence[QueuedEvent], answer: bytes | None, reason: str) -> Verdict:
    named = _named(batch, answer)
    invalid, failed = named or (frozenset[str](), frozenset[str]())
    _log_rejected(invalid, answer)
    return Verdict(
        rejected=[event for event in batch if event.id in invalid],
        failed=[event for event in batch if event.id not in invalid],
        reason=reason,
        blamed=bool(failed) or len(batch) == 1,
    )


def _named(
    batch: Sequence[QueuedEvent], answer: bytes | None
) -> tuple[frozenset[str], frozenset[str]] | None:
    """Ids of the events that an answer calls invalid and of those that it calls failed.

    None if the answer cannot be read or names an event that is not in the batch.
    """
    try:
        document = orjson.loads(answer or b"")
        invalid, failed = (
            frozenset(entry["event"]["meta"]["id"] for entry in document.get(name) or [])
            for name in ("invalid", "error")
        )
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return None
    return (invalid, failed - invalid) if invalid | failed <= {e.id for e in batch} else None


def _log_rejected(invalid: frozenset[str], answer: bytes | None) -> None:
    if invalid:
        logger.error(
            "EventGate calls %d events invalid", len(invalid), extra={"answer": _start_of(answer)}
        )


def _start_of(answer: bytes | None) -> str:
    return (answer or b"")[:2000].decode(errors="replace")
