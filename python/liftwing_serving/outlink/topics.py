"""What the outlink predictor is asked and answers. Pure functions.

Its model is fastText's (https://fasttext.cc): the items that an article links to are the words of a
text, and topics are its labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from liftwing_serving import fields as read
from liftwing_serving.errors import BadRequest

MODEL = "outlink-topic-model"
DEFAULT_THRESHOLD = 0.5

NO_LINKS = "No matching article or the page has no outlinks"
NOT_A_THRESHOLD = 'Expected "threshold" to be a float'

# Labels with their probabilities, the most likely first.
Topics = Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class TopicRequest:
    """Items, with spaces between, whose topics of at least `threshold` are wanted.

    `echo` are the fields that the answer repeats.
    """

    features: str
    threshold: float
    echo: Mapping[str, Any]


def topic_request(fields: Mapping[str, Any]) -> TopicRequest:
    """The request in a JSON object for the predictor. Raises BadRequest."""
    return TopicRequest(
        features=features_of(fields),
        threshold=threshold_of(fields),
        echo={name: fields.get(name) for name in ("lang", "page_id", "page_title")},
    )


def features_of(fields: Mapping[str, Any]) -> str:
    """`features_str` on one line. Raises BadRequest if it is no text or has no items."""
    if "features_str" not in fields:
        raise BadRequest('Expected "features_str" in input data.')
    features = fields["features_str"]
    if not isinstance(features, str):
        raise BadRequest('Expected "features_str" to be a string.')
    # fastText takes one line, whose words are between spaces.
    features = " ".join(features.split())
    if not features:
        raise BadRequest(NO_LINKS)
    return features


def threshold_of(fields: Mapping[str, Any]) -> float:
    """`threshold`, which is 0 with `debug` and DEFAULT_THRESHOLD if absent. Raises BadRequest."""
    threshold = fields.get("threshold", DEFAULT_THRESHOLD)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        raise BadRequest(NOT_A_THRESHOLD)
    if not 0 <= threshold <= 1:
        raise BadRequest(f"{NOT_A_THRESHOLD} from 0 to 1")
    return 0.0 if read.boolean(fields, "debug") else float(threshold)


def topics_document(request: TopicRequest, topics: bytes) -> dict[str, Any]:
    """The predictor's answer; `topics` are JSON, and are not looked into."""
    return {"topics": orjson.Fragment(topics), **request.echo}
