"""The breaches by name, and what they have in common."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from support.breaking import Answered, Ask, Asked, Breach

# By name; and the check that has to find it, as the kit calls it.
BREACHES: dict[str, Breach] = {}
CHECKS: dict[str, str] = {}

# Breaches of what an application does not see: support.breaker makes them.
BELOW = {
    "waits_for_what_is_announced": "test_a_body_that_is_announced_too_large_is_refused_unread",
    "waits_for_bodies": "test_a_body_has_to_come_in_time",
    "has_no_cap_of_heads": "test_headers_may_have_64_kib_together",
}

PREDICT, INFER = ":predict", "/infer"
# Requests that the server of breaches answers.
SCORED, OTHER = {"rev_id": 101}, {"rev_id": 202}


def found_by(check: str) -> Callable[[Breach], Breach]:
    """Enter a breach under its own name."""

    def enter(breach: Breach) -> Breach:
        name = breach.__name__
        assert name not in BREACHES
        BREACHES[name], CHECKS[name] = breach, check
        return breach

    return enter


def answers(check: str, name: str, method: str, path: str, document: object) -> None:
    """Enter one that answers with a document of its own."""

    async def breach(asked: Asked, ask: Ask) -> Answered:
        answer = await ask(asked)
        if asked.method == method and asked.path == path:
            return Answered(200, json.dumps(document).encode(), answer.headers)
        return answer

    breach.__name__ = name
    found_by(check)(breach)


def instances_of(asked: Asked) -> list[Any] | None:
    given = asked.fields.get("instances") if asked.path.endswith(PREDICT) else None
    return given if isinstance(given, list) else None
