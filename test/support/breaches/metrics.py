"""What Prometheus is told wrongly."""

from __future__ import annotations

from support.breaches.table import found_by
from support.breaking import Answered, Ask, Asked, Breach


def renames(name: str) -> Breach:
    async def breach(asked: Asked, ask: Ask) -> Answered:
        answer = await ask(asked)
        if asked.path != "/metrics":
            return answer
        text = answer.body.replace(name.encode(), b"other_total")
        return Answered(answer.status, text, answer.headers)

    breach.__name__ = f"has_no_{name}"
    return breach


found_by("test_requests_are_counted_by_model_and_status")(renames("liftwing_requests_total"))
found_by("test_instances_are_counted_by_model_and_code")(renames("liftwing_instances_total"))


@found_by("test_metrics_are_answered_as_prometheus_reads_them")
async def measures_in_prose(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if asked.path == "/metrics":
        return Answered(answer.status, answer.body + b"There were many.\n", answer.headers)
    return answer
