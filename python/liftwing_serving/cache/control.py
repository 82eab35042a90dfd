"""What a request says of caches: `Cache-Control: no-cache` asks for an answer that is made anew.

https://www.rfc-editor.org/rfc/rfc9111#name-no-cache
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar

_fresh: ContextVar[bool] = ContextVar("fresh_answer_wanted", default=False)


def take_up(headers: Mapping[str, str]) -> None:
    """Remember what the present request asks for. `headers` are looked up by lower-case names."""
    directives = headers.get("cache-control", "")
    _fresh.set("no-cache" in (one.strip().lower() for one in directives.split(",")))


def fresh_wanted() -> bool:
    """Whether the present request wants no answer that was kept."""
    return _fresh.get()
