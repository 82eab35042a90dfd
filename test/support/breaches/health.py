"""What probes are told wrongly."""

from __future__ import annotations

from support.breaches.table import answers, found_by
from support.breaking import Answered, Ask, Asked

WELL = "test_the_server_says_that_it_is_well"
answers(WELL, "not_alive", "GET", "/", {"status": "dead"})
answers(WELL, "live_in_words", "GET", "/v2/health/live", {"live": "yes"})
answers(WELL, "not_ready", "GET", "/v2/health/ready", {"ready": False})
answers("test_v1_lists_the_models", "v1_lists_none", "GET", "/v1/models", {"models": []})
answers("test_v2_lists_the_same_models", "v2_lists_others", "GET", "/v2/models", {"models": ["x"]})
answers("test_the_server_tells_its_name_and_version", "nameless", "GET", "/v2", {"extensions": []})


@found_by("test_a_model_says_that_it_is_ready")
async def ready_in_words(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if asked.path.endswith("/ready") and "/models/" in asked.path and answer.status == 200:
        return answer.with_json({**answer.json, "ready": "True"})
    return answer


@found_by("test_a_model_tells_its_tensors")
async def tensors_of_one(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if answer.status == 200 and "inputs" in (answer.json or {}):
        return answer.with_json({**answer.json, "inputs": []})
    return answer
