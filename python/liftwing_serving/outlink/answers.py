"""What a predictor's answer tells its transformer, by whatever protocol it comes."""

from __future__ import annotations

import orjson

from liftwing_serving.errors import Unavailable, UpstreamUnusable
from liftwing_serving.outlink.topics import Topics
from liftwing_serving.retries import RetryPolicy

# A predictor that restarts refuses connections for seconds; one that was replaced only breaks off.
RETRIES = RetryPolicy(max_retries=2, base_delay=0.05)

UNREACHABLE = "The predictor cannot be reached."
UNUSABLE = "The predictor's answer cannot be used."


def unreachable() -> Unavailable:
    """What may work on a second try."""
    error = Unavailable(UNREACHABLE)
    error.repeat = True
    return error


def topics_in(answer: bytes) -> Topics:
    """The topics of a V1 answer. Raises UpstreamUnusable."""
    try:
        topics = orjson.loads(answer)["topics"]
        return [(str(name), float(probability)) for name, probability in topics]
    except (orjson.JSONDecodeError, TypeError, KeyError, ValueError):
        raise UpstreamUnusable(UNUSABLE) from None
