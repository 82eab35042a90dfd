"""What clients are told that come all at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conformance.asking import Server, error_of, told

CLIENTS = 32


def test_who_is_refused_for_the_load_is_told_when_to_come_back(
    server: Server, model: str, example: dict[str, Any], answer: Any
) -> None:
    """That many at a time, which a server may well answer all."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        given = list(clients.map(lambda _: server.predict(model, example), range(CLIENTS)))
    assert {one.status_code for one in given} <= {200, 429, 503}
    for one in given:
        if one.status_code != 200:
            error_of(one, one.status_code)
            after = one.headers.get("retry-after", "")
            assert after.isdecimal() and int(after) > 0, f"Retry-After: {after!r}, {told(one)}"
