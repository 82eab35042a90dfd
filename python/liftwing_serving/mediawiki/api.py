"""One call of a wiki's action API, and what can be wrong with its answer.

https://www.mediawiki.org/wiki/API:Action_API

mwapi knows the API's address and how parameters are written (lists, flags, the format asked for).
Its exchange is replaced here: it would override the HTTP timeout with 300 seconds, follow
redirects, hide the status, echo the body of a bad answer and keep the headers of one wiki.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import mwapi
import orjson

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import (
    DeadlineExceeded,
    ServingError,
    UpstreamUnavailable,
    UpstreamUnusable,
)
from liftwing_serving.outbound import USER_AGENT, read_bounded
from liftwing_serving.retries import RetryPolicy
from liftwing_serving.settings import MediaWikiSettings

logger = logging.getLogger(__name__)

UNAVAILABLE_STATUS = frozenset({429, 502, 503, 504})
UNAVAILABLE_CODES = frozenset({"maxlag", "ratelimited", "readonly"})
MAX_ANSWER_BYTES = 64 << 20
MAX_RETRY_AFTER_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Wiki:
    """Where a wiki is: its URL without `/w/api.php`, and the Host header of calls if it differs."""

    url: str
    host: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of one call. Never kept in a session, which other wikis share."""
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        return headers | {"Host": self.host} if self.host else headers


class Api:
    """Calls of any wiki over one HTTP session, each repeated where that may help.

    `timeout_seconds` bounds each single call.
    """

    def __init__(
        self, http: aiohttp.ClientSession, timeout_seconds: float, retries: RetryPolicy
    ) -> None:
        self._http = http
        self._timeout_seconds = timeout_seconds
        self._retries = retries

    @classmethod
    def of(cls, http: aiohttp.ClientSession, settings: MediaWikiSettings) -> Api:
        """An Api with the timeout and the retries of the settings."""
        retries = RetryPolicy(settings.mw_api_max_retries, settings.mw_api_retry_base_delay)
        return cls(http, settings.aiohttp_client_timeout, retries)

    async def query(
        self, wiki: Wiki, parameters: Mapping[str, str], deadline: Deadline, patient: bool = True
    ) -> dict[str, Any]:
        """What `call` returns for `action=query`."""
        return await self.call(wiki, {"action": "query", **parameters}, deadline, patient)

    async def call(
        self, wiki: Wiki, parameters: Mapping[str, str], deadline: Deadline, patient: bool = True
    ) -> dict[str, Any]:
        """The JSON object that an action with these parameters is answered with.

        Their order is the order in the address, so that HTTP caches can work. The deadline is over
        all tries; without patience an unusable answer is not asked for again. Raises
        UpstreamUnavailable, UpstreamUnusable, DeadlineExceeded.
        """

        async def once() -> dict[str, Any]:
            call = _Call(wiki, self._http, self._timeout_seconds, deadline)
            try:
                document: dict[str, Any] = await call.get(**parameters)
            except UpstreamUnusable as error:
                error.repeat = error.repeat and patient
                raise
            return document

        return await self._retries.run(once, deadline)


class _Call(mwapi.AsyncSession):  # type: ignore[misc]
    """mwapi's session for a single call, whose timeout is cut to what the deadline leaves."""

    def __init__(
        self, wiki: Wiki, http: aiohttp.ClientSession, timeout_seconds: float, deadline: Deadline
    ) -> None:
        super().__init__(wiki.url.rstrip("/"), user_agent=USER_AGENT, session=http)
        self._wiki = wiki
        self._timeout_seconds = timeout_seconds
        self._deadline = deadline

    async def _request(self, method: str, params: Any = None, auth: Any = None) -> Any:
        """The JSON object of the answer. Raises as `Api.query` does."""
        remaining = self._deadline.remaining()
        # To aiohttp a timeout of 0 means none.
        if not remaining:
            raise DeadlineExceeded
        try:
            async with self.session.request(
                method,
                self.api_url,
                params={**(params or {}), "format": "json", "formatversion": "2"},
                headers=self._wiki.headers,
                timeout=aiohttp.ClientTimeout(total=min(self._timeout_seconds, remaining)),
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise _refused(response.status, response.headers)
                body = await read_bounded(response, MAX_ANSWER_BYTES)
        except asyncio.TimeoutError:
            if remaining <= self._timeout_seconds:
                raise DeadlineExceeded from None
            raise UpstreamUnavailable(
                f"MediaWiki did not answer within {self._timeout_seconds:g} seconds."
            ) from None
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError) as error:
            logger.warning("MediaWiki broke off its answer: %r", error)
            raise UpstreamUnavailable("MediaWiki broke off its answer.") from None
        except aiohttp.ClientConnectionError as error:
            logger.warning("MediaWiki cannot be reached: %r", error)
            raise UpstreamUnavailable("MediaWiki cannot be reached.") from None
        except aiohttp.ClientError as error:
            logger.warning("MediaWiki's answer is not HTTP: %r", error)
            raise UpstreamUnusable("MediaWiki's answer is not valid HTTP.") from None
        if body is None:
            raise UpstreamUnusable("MediaWiki's answer is too large.")
        return check_document(body, response.headers)


def _refused(status: int, headers: Mapping[str, str]) -> ServingError:
    text = f"MediaWiki answered with HTTP status {status}."
    if status in UNAVAILABLE_STATUS:
        return UpstreamUnavailable(text, _retry_after(headers))
    return UpstreamUnusable(text, repeat=status == 500)


def check_document(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """The answer's JSON object. Raises UpstreamUnusable, UpstreamUnavailable.

    The second is for API errors that pass, such as maxlag; `headers` may have their Retry-After.
    https://www.mediawiki.org/wiki/API:Errors_and_warnings
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise UpstreamUnusable("MediaWiki's answer is not JSON.") from None
    if not isinstance(document, dict):
        raise UpstreamUnusable("MediaWiki's answer is not a JSON object.")
    if "error" in document:
        raise _api_error(document["error"], headers)
    if "warnings" in document:
        logger.warning("MediaWiki warns of a query", extra={"warnings": document["warnings"]})
    return document


def _api_error(error: object, headers: Mapping[str, str]) -> ServingError:
    code = str(error.get("code")) if isinstance(error, dict) else "unknown"
    # The code is MediaWiki's, but a broken answer may hold anything there.
    shown = code if code.replace("-", "").replace("_", "").isalnum() and len(code) < 80 else "?"
    text = f"MediaWiki API error '{shown}'."
    if code in UNAVAILABLE_CODES:
        return UpstreamUnavailable(text, _retry_after(headers))
    repeat = code.startswith("internal_api_error")
    return UpstreamUnusable(text, repeat, None if shown == "?" else code)


def _retry_after(headers: Mapping[str, str]) -> int | None:
    value = headers.get("Retry-After", "")
    # The other form, a date, is not worth its parsing here: no MediaWiki sends it.
    if not (value.isascii() and value.isdigit()):
        return None
    # Python converts no number of thousands of digits.
    return min(int(value), MAX_RETRY_AFTER_SECONDS) if len(value) < 10 else MAX_RETRY_AFTER_SECONDS
