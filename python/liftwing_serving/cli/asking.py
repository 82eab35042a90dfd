"""Asks a running model server for scores, many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

CONCURRENT_REQUESTS = 8
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said of one revision: its HTTP status and its whole JSON document.

    The status is 0 where there was no answer, or none in JSON.
    """

    rev_id: int
    status: int
    document: dict[str, Any]

    @property
    def error(self) -> str | None:
        """Why there is no score, or None if there is one."""
        return None if self.status == 200 else str(self.document.get("error", self.document))

    def score(self, service: str) -> dict[str, Any]:
        """`prediction` and `probability` of a successful answer of `service`, e.g. enwiki-damaging.

        Raises KeyError if the document is of another form.
        """
        wiki, _, kind = service.rpartition("-")
        score: dict[str, Any] = self.document[wiki]["scores"][str(self.rev_id)][kind]["score"]
        return score


async def score_all(
    url: str, service: str, rev_ids: Sequence[int], extended: bool, done: Callable[[], None]
) -> list[Answer]:
    """One answer per revision, in the order of `rev_ids`; `done` is called after each.

    A server that cannot be reached, is silent for TIMEOUT_SECONDS or does not answer in JSON
    counts as an answer of status 0, so that one failure does not lose the others' scores.
    """
    turns = asyncio.Semaphore(CONCURRENT_REQUESTS)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:

        async def ask(rev_id: int) -> Answer:
            async with turns:
                answer = await _ask(session, url, service, rev_id, extended)
            done()
            return answer

        return await asyncio.gather(*map(ask, rev_ids))


async def _ask(
    session: aiohttp.ClientSession, url: str, service: str, rev_id: int, extended: bool
) -> Answer:
    body = {"rev_id": rev_id} | ({"extended_output": True} if extended else {})
    try:
        target = f"{url.rstrip('/')}/v1/models/{service}:predict"
        async with session.post(target, json=body) as response:
            return Answer(rev_id, response.status, await response.json(content_type=None))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Answer(rev_id, 0, {"error": f"{type(error).__name__}: {error}"})
