"""The event that an article's topics become: mediawiki/page/prediction_classification_change 1.3.0.

https://schema.wikimedia.org has the schema. Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from liftwing_serving.events.values import MAX_EVENT_BYTES, too_large

PREDICTION_CHANGE = "/mediawiki/page/prediction_classification_change/1.3.0"


@dataclass(frozen=True, slots=True)
class Classification:
    """What a model says of a page: the labels that it predicts, and the probability of each."""

    model_name: str
    model_version: str
    predictions: Sequence[str]
    probabilities: Mapping[str, float]


def prediction_event(
    change: Mapping[str, Any], classification: Classification, stream: str, event_id: str
) -> dict[str, Any]:
    """The event of a `PageEvent.change`. Raises BadRequest if EventGate would find it too large."""
    event = {
        **change,
        "$schema": PREDICTION_CHANGE,
        "meta": {**change.get("meta", {}), "stream": stream, "id": event_id},
        "predicted_classification": {
            "model_name": classification.model_name,
            "model_version": classification.model_version,
            "predictions": list(classification.predictions),
            "probabilities": dict(classification.probabilities),
        },
    }
    if len(orjson.dumps(event)) > MAX_EVENT_BYTES:
        raise too_large()
    return event
