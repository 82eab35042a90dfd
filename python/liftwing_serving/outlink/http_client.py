"""How the transformer asks its predictor over HTTP, in either protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from liftwing_serving import tracing
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import (
    BadRequest,
    DeadlineExceeded,
    ServingError,
    TooManyRequests,
    Unavailable,
    UpstreamUnusable,
)
from liftwing_serving.outbound import USER_AGENT, read_bounded
from liftwing_serving.outlink.answers import RETRIES, UNUSABLE, topics_in, unreachable
from liftwing_serving.outlink.topics import Topics

logger = logging.getLogger(__name__)

# 64 topics take 3 kB.
MAX_ANSWER_BYTES = 1 << 20


class HttpPredictor:
    """A predictor by HTTP, in V1 or V2, over connections that are kept alive."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, model: str, v2: bool) -> None:
        self._session = session
        self._v2 = v2
        self._url = (
            f"{base_url}/{f'v2/models/{model}/infer' if v2 else f'v1/models/{model}:predict'}"
        )

    async def topics(self, fields: Mapping[str, Any], deadline: Deadline) -> Topics:
        """See PredictorClient."""
        body = orjson.dumps(fields)
        if self._v2:
            tensor = {"name": "input", "datatype": "BYTES", "shape": [1], "data": [body.decode()]}
            body = orjson.dumps({"inputs": [tensor]})
        return await RETRIES.run(lambda: self._ask(body, deadline), deadline)

    async def close(self) -> None:
        """The session is its owner's to close."""

    async def _ask(self, body: bytes, deadline: Deadline) -> Topics:
        # To aiohttp a timeout of 0 means none.
        remaining = deadline.remaining()
        if not remaining:
            raise DeadlineExceeded
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers={
                    "Content-Type": "application/json",
                    "User-Agent": USER_AGENT,
                    **tracing.headers(),
                    **deadline.header(),
                },
                timeout=aiohttp.ClientTimeout(total=remaining),
                allow_redirects=False,
            ) as response:
                answer = await read_bounded(response, MAX_ANSWER_BYTES)
        except asyncio.TimeoutError:
            raise DeadlineExceeded from None
        except aiohttp.ClientError as error:
            logger.warning("the predictor cannot be reached: %r", error)
            raise unreachable() from None
        if answer is None:
            raise UpstreamUnusable(UNUSABLE)
        if response.status != 200:
            raise refused(response.status, answer, response.headers.get("Retry-After", ""))
        return topics_in(_text_in(answer) if self._v2 else answer)


def refused(status: int, answer: bytes, retry_after: str = "") -> ServingError:
    """What a predictor's answer of another status than 200 means to the transformer's client."""
    if status == 429:
        return TooManyRequests(int(retry_after) if retry_after.isdecimal() else 1)
    if status == 400:
        return BadRequest(_error_in(answer))
    logger.warning("the predictor answered with status %d", status)
    # Not there yet, about to stop, or broken: another try may meet a better one.
    return Unavailable(f"The predictor answered with HTTP status {status}.")


def _text_in(answer: bytes) -> bytes:
    """The one element of a V2 answer. Raises UpstreamUnusable."""
    try:
        text: str = orjson.loads(answer)["outputs"][0]["data"][0]
        return text.encode()
    except (orjson.JSONDecodeError, TypeError, KeyError, IndexError, AttributeError):
        raise UpstreamUnusable(UNUSABLE) from None


def _error_in(answer: bytes) -> str:
    try:
        return str(orjson.loads(answer)["error"])
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return "The predictor refused the request."
