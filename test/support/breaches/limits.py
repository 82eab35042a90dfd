"""What is too much."""

from __future__ import annotations

import asyncio

from support.breaches.table import PREDICT, found_by, instances_of
from support.breaking import Answered, Ask, Asked, answer_of


@found_by("test_the_cap_is_named_and_kept")
async def refuses_a_body_of_the_cap(asked: Asked, ask: Ask) -> Answered:
    if len(asked.body) == 1 << 20:
        return answer_of({"error": f"More than {1 << 20} bytes."}, 413)
    return await ask(asked)


@found_by("test_a_batch_may_have_as_many_instances_as_documented")
async def refuses_long_batches_as_wrong(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    too_many = len(instances_of(asked) or ()) > 64
    return answer_of(answer.json, 400) if answer.status == 413 and too_many else answer


BUSY: list[Asked] = []


@found_by("test_who_is_refused_for_the_load_is_told_when_to_come_back")
async def refuses_without_a_time(asked: Asked, ask: Ask) -> Answered:
    if not asked.path.endswith(PREDICT):
        return await ask(asked)
    BUSY.append(asked)
    try:
        await asyncio.sleep(0.01)
        if len(BUSY) > 8:
            await asyncio.sleep(0.05)
            return answer_of({"error": "Busy."}, 429)
        return await ask(asked)
    finally:
        BUSY.remove(asked)
