"""How this server calls others: who it says it is, whom it trusts, one session for all calls."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path

import aiohttp
from isal import isal_zlib

from liftwing_serving import __version__

USER_AGENT = (
    f"LiftWing-inference-services/{__version__} "
    "(https://wikitech.wikimedia.org/wiki/Machine_Learning/LiftWing; ml@wikimedia.org)"
)
WIKIMEDIA_CERTIFICATES = Path("/etc/ssl/certs/wmf-ca-certificates.crt")
MAX_CONNECTIONS = 100
DNS_SECONDS = 60


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The process's TLS context, which also trusts Wikimedia's own authority where it is installed.

    Building one blocks for 17 ms, so there is one, built before the first request. Raises OSError
    if the authority's file is not a certificate that can be read.
    """
    context = ssl.create_default_context()
    if WIKIMEDIA_CERTIFICATES.exists():
        context.load_verify_locations(WIKIMEDIA_CERTIFICATES)
    return context


def open_session(max_connections: int = MAX_CONNECTIONS) -> aiohttp.ClientSession:
    """An HTTP session without cookies or default headers; close it when the server stops.

    `max_connections` is 0 for who bounds them itself. Raises OSError, as `tls_context` does.
    """
    # Inflating MediaWiki's answers with zlib itself was an eighth of a score's CPU time here.
    aiohttp.set_zlib_backend(isal_zlib)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=max_connections, ttl_dns_cache=DNS_SECONDS, ssl=tls_context()
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def read_bounded(response: aiohttp.ClientResponse, max_bytes: int) -> bytes | None:
    """The body of an answer, or None if it is longer than that; then the rest is not read.

    Raises aiohttp.ClientError and TimeoutError, as aiohttp does for a connection that fails.
    """
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > max_bytes:
            return None
    return bytes(body)
