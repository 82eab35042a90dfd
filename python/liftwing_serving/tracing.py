"""What ties the calls made for one request to it, wherever they go: its id and its trace.

https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar

from liftwing_serving import logs

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
MAX_TRACESTATE = 512

_context: ContextVar[Mapping[str, str]] = ContextVar("trace_context", default={})


def take_up(headers: Mapping[str, str]) -> None:
    """Remember the trace context that the present request came with, if it is one.

    `headers` are looked up by lower-case names.
    """
    parent, state = headers.get("traceparent", ""), headers.get("tracestate", "")
    context = {}
    if _TRACEPARENT.fullmatch(parent):
        context["traceparent"] = parent
        if state and len(state) <= MAX_TRACESTATE and state.isascii() and state.isprintable():
            context["tracestate"] = state
    _context.set(context)


def headers() -> dict[str, str]:
    """The headers, with lower-case names, that calls made for the present request bear."""
    request_id = logs.request_id.get()
    return {**({"x-request-id": request_id} if request_id else {}), **_context.get()}
