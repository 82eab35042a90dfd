"""One HTTP call to a wiki's action API, and what can be wrong with its answer.

mwapi builds the calls; this session replaces its exchange, which overrides the HTTP timeout with
300 seconds, follows redirects, hides the status and echoes the body of a bad answer.
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

from liftwing_serving.errors import UpstreamUnavailable, UpstreamUnusable
from liftwing_serving.outbound import USER_AGENT, read_bounded

logger = logging.getLogger(__name__)

UNAVAILABLE_STATUS = frozenset({429, 502, 503, 504})
UNAVAILABLE_CODES = frozenset({"maxlag", "ratelimited", "readonly"})
MAX_ANSWER_BYTES = 64 << 20
MAX_RETRY_AFTER_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Wiki:
    """Where a wiki's API is. `host` goes into the Host header of each call to it."""

    url: str
    host: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of one call. Never kept in a session, which other wikis may share."""
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        return headers | {"Host": self.host} if self.host else headers


class WikiSession(mwapi.AsyncSession):  # type: ignore[misc]
    """mwapi's session for one wiki over a shared HTTP session, with a timeout that holds."""

    def __init__(self, wiki: Wiki, session: aiohttp.ClientSession, timeout_seconds: float) -> None:
        super().__init__(
            wiki.url.rstrip("/"), user_agent=USER_AGENT, formatversion=2, session=session
        )
        self._wiki = wiki
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def _request(self, method: str, params: Any = None, auth: Any = None) -> Any:
        """The JSON document of one call.

        Raises UpstreamUnavailable for what may work on a second try, UpstreamUnusable for the
        rest.
        """
        query = {**(params or {}), "format": "json", "formatversion": "2"}
        try:
            async with self.session.request(
                method,
                self.api_url,
                params=query,
                headers=self._wiki.headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                _check_status(response.status, response.headers)
                body = await read_bounded(response, MAX_ANSWER_BYTES)
        except asyncio.TimeoutError:
            raise UpstreamUnavailable(
                f"MediaWiki did not answer within {self._timeout.total:g} seconds."
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


def _check_status(status: int, headers: Mapping[str, str]) -> None:
    text = f"MediaWiki answered with HTTP status {status}."
    if status in UNAVAILABLE_STATUS:
        raise UpstreamUnavailable(text, _retry_after(headers))
    if status != 200:
        raise UpstreamUnusable(text, repeat=status == 500)


def check_document(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """The answer's JSON object. Raises for malformed ones and for API errors."""
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


def _api_error(error: object, headers: Mapping[str, str]) -> Exception:
    code = str(error.get("code")) if isinstance(error, dict) else "unknown"
    # The code is MediaWiki's, but a broken answer may hold anything there.
    shown = code if code.replace("-", "").replace("_", "").isalnum() and len(code) < 80 else "?"
    text = f"MediaWiki API error '{shown}'."
    if code in UNAVAILABLE_CODES:
        return UpstreamUnavailable(text, _retry_after(headers))
    return UpstreamUnusable(text, repeat=code.startswith("internal_api_error"))


def _retry_after(headers: Mapping[str, str]) -> int | None:
    value = headers.get("Retry-After", "")
    # The other form, a date, is not worth its parsing here: no MediaWiki sends it.
    return min(int(value), MAX_RETRY_AFTER_SECONDS) if value.isascii() and value.isdigit() else None
