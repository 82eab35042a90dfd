"""What operators watch. One registry, in the server process.

Workers measure themselves and send the seconds along with each result, so a scrape is right
however many processes there are. Names and labels are part of the interface: docs/metrics.md.
"""

import functools
from typing import TypeVar

from prometheus_client import Counter, Gauge, Histogram

M = TypeVar("M", Counter, Histogram)

# From a small edit on a quiet server (5 ms) to the request deadline.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUESTS = Counter("liftwing_requests", "Answered requests by HTTP status.", ("model", "status"))
INSTANCES = Counter(
    "liftwing_instances", "What requests asked for, one or a batch, by code.", ("model", "code")
)
STAGES = Histogram(
    "liftwing_stage_seconds",
    "Seconds in each stage of a score: fetch, queue, extract, score.",
    ("model", "stage"),
    buckets=SECONDS,
)
CHECKS = Counter(
    "liftwing_extraction_checks",
    "Extractions that the library did as well, by result: equal, different.",
    ("model", "result"),
)
WORKERS = Gauge("liftwing_workers", "Worker processes that are alive.")
WORKER_DEATHS = Counter("liftwing_worker_deaths", "Worker processes that ended unexpectedly.")
WORKERS_STOPPED = Counter(
    "liftwing_workers_stopped", "Worker processes stopped because of a task over its deadline."
)
EVENTS = Counter(
    "liftwing_events",
    "Score events: accepted, delivered, retried, rejected or dropped_{reason}.",
    ("result",),
)
FRONT_REQUESTS = Counter(
    "liftwing_front_requests", "Requests that the front answered.", ("route", "status")
)
FRONT_SECONDS = Histogram(
    "liftwing_front_seconds", "Seconds that the front took to answer.", ("route",), buckets=SECONDS
)
FRONT_CALLS = Counter(
    "liftwing_front_calls", "Calls of the front to model servers, by result.", ("entry", "result")
)
CACHE = Counter(
    "liftwing_cache",
    "Scores looked for in the cache: hit, shared_hit, miss or bypass.",
    ("result",),
)
CACHE_BYTES = Gauge("liftwing_cache_bytes", "Memory that kept scores take in this process.")
CACHE_FAILURES = Counter(
    "liftwing_cache_failures", "Calls to the shared cache that failed or were left out."
)
LOG_LINES_DROPPED = Counter(
    "liftwing_log_lines_dropped", "Log lines of the server that nobody read in time."
)
EVENT_QUEUE = Gauge("liftwing_event_queue", "Score events waiting to be delivered.")


def count_request(model: str, status: int) -> None:
    """Count a request that was answered with this status."""
    _series(REQUESTS, model, status).inc()


def count_instances(model: str, code: int, number: int) -> None:
    """Count so many instances of one request that were answered with this code."""
    _series(INSTANCES, model, code).inc(number)


def observe_stages(model: str, **seconds: float) -> None:
    """Record how long the stages of one score took, in seconds: `fetch=0.2, queue=0.0, ...`."""
    for stage, took in seconds.items():
        _series(STAGES, model, stage).observe(took)


def count_check(model: str, equal: bool | None) -> None:
    """Count an extraction that was compared with the library's; None is one that was not."""
    if equal is not None:
        _series(CHECKS, model, "equal" if equal else "different").inc()


def count_events(result: str, number: int) -> None:
    """Count what became of some events; EVENTS lists the values of `result`."""
    _series(EVENTS, result).inc(number)


def count_front_request(route: str, status: int, seconds: float) -> None:
    """Count a request that the front answered with this status in so many seconds."""
    _series(FRONT_REQUESTS, route, status).inc()
    _series(FRONT_SECONDS, route).observe(seconds)


def count_call(entry: str, result: str) -> None:
    """Count a call to a server of this entry of the front's: its status, or why there is none."""
    _series(FRONT_CALLS, entry, result).inc()


def count_cache(result: str) -> None:
    """Count what came of looking for one revision's scores; CACHE lists the values of `result`."""
    _series(CACHE, result).inc()


@functools.cache
def _series(metric: M, *labels: object) -> M:
    """The metric of these labels, which takes longer to find than to count."""
    return metric.labels(*labels)
