"""Calls to model servers: bounded for each server, in what is left of the request's time.

No call is repeated: a server that is busy says so, and who asked decides what to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson
from yarl import URL

from liftwing_serving import cache, metrics, tracing
from liftwing_serving.deadline import Deadline
from liftwing_serving.ores.failures import Failure, too_late
from liftwing_serving.ores.servers import Server
from liftwing_serving.outbound import USER_AGENT, read_bounded

logger = logging.getLogger(__name__)

# 50 revisions by a few models, with all features, are one.
MAX_ANSWER_BYTES = 64 << 20
# A server that is gone does not refuse: its address is silent.
CONNECT_SECONDS = 2.0
# Of the time that is left, which is the front's own: a server gathers what it has of a batch when
# its time is over, and shall still be heard.
OWN_SECONDS, OWN_SHARE = 2.0, 0.2
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model server answered, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def failure(self) -> Failure:
        """What an answer other than 200 says."""
        try:
            text = orjson.loads(self.body)["error"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            text = None
        if not isinstance(text, str):
            text = f"The model server answered with HTTP status {self.status}."
        # A server that does not know what is wrong with it is broken, for now.
        status = self.status if self.status in (400, 404, 413, 429, 502, 503) else 503
        delay = self.headers.get("Retry-After", "")
        return Failure(status, text, int(delay) if delay.isdecimal() else None)


class Client:
    """Asks model servers over connections that are kept alive."""

    def __init__(self, session: aiohttp.ClientSession, max_calls: int) -> None:
        self._session = session
        self._max_calls = max_calls
        self._calls: Counter[Server] = Counter()

    async def call(
        self,
        server: Server,
        path: str,
        deadline: Deadline,
        body: bytes | None = None,
        headers: Mapping[str, str] = {},
    ) -> Reply:
        """GET, or POST if there is a body. Raises Failure if there is no answer."""
        if self._calls[server] >= self._max_calls:
            metrics.count_call(server.entry, "refused")
            raise Failure(503, "Too many requests wait for this model server.", 1)
        self._calls[server] += 1
        try:
            reply = await self._call(server, path, deadline, body, headers)
        except Failure as failure:
            metrics.count_call(server.entry, "late" if failure.late else "unreachable")
            raise
        finally:
            self._calls[server] -= 1
            if not self._calls[server]:
                del self._calls[server]
        metrics.count_call(server.entry, str(reply.status))
        return reply

    async def _call(
        self,
        server: Server,
        path: str,
        deadline: Deadline,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Reply:
        remaining = deadline.remaining()
        # To aiohttp a timeout of 0 means none.
        if not remaining:
            raise too_late()
        told = deadline.earlier(min(OWN_SECONDS, OWN_SHARE * remaining))
        sent = {"User-Agent": USER_AGENT, **headers, **tracing.headers(), **told.header()}
        if cache.fresh_wanted():
            sent["Cache-Control"] = "no-cache"
        if server.host is not None:
            sent["Host"] = server.host
        if body is not None:
            sent.setdefault("Content-Type", JSON)
        try:
            async with self._session.request(
                "GET" if body is None else "POST",
                URL(server.url + path, encoded=True),
                data=body,
                headers=sent,
                timeout=aiohttp.ClientTimeout(total=remaining, sock_connect=CONNECT_SECONDS),
                allow_redirects=False,
            ) as response:
                answer = await read_bounded(response, MAX_ANSWER_BYTES)
        except aiohttp.ClientConnectionError as error:
            # Of which its time-outs are some.
            if deadline.passed():
                raise too_late() from None
            logger.warning("the server of %s cannot be reached: %r", server.entry, error)
            raise Failure(503, "The model server cannot be reached.", 1) from None
        except asyncio.TimeoutError:
            raise too_late() from None
        except aiohttp.ClientError as error:
            logger.warning("the server of %s answered no HTTP: %r", server.entry, error)
            raise Failure(502, "The model server's answer cannot be used.") from None
        if answer is None:
            raise Failure(502, "The model server's answer is too long.")
        return Reply(response.status, response.headers, answer)
