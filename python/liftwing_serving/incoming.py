"""What a request says of itself beside its message, and holds until it is answered."""

from __future__ import annotations

from collections.abc import Mapping

from liftwing_serving import cache, deadline, logs, tracing


def take_up(headers: Mapping[str, str]) -> str:
    """Remember a request's id, its trace, how long its caller waits and what it says of caches.

    `headers` are looked up by lower-case names. Returns the id, which is a new one if the caller
    gave none that is harmless.
    """
    request_id = logs.sane_request_id(headers.get("x-request-id", ""))
    logs.request_id.set(request_id)
    tracing.take_up(headers)
    deadline.take_up(headers)
    cache.take_up(headers)
    return request_id
