"""The event that a revision's score becomes, of the schema mediawiki/revision/score 3.0.0.

https://schema.wikimedia.org has the schema. Pure functions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from liftwing_serving.events.reading import EventSource, Performer

REVISION_SCORE = "/mediawiki/revision/score/3.0.0"


def score_event(
    source: EventSource,
    score: Mapping[str, Any],
    model_name: str,
    model_version: str,
    stream: str,
    now: datetime,
    event_id: str,
) -> dict[str, Any]:
    """The revision-score event of one model's `score` (`prediction` and `probability`).

    `now` must have a time zone; it is the event's time only if the source has none. Raises KeyError
    if the score lacks one of its two parts.
    """
    return _present(
        {
            "$schema": REVISION_SCORE,
            "dt": source.dt or now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "meta": _present(
                {
                    "stream": stream,
                    "id": event_id,
                    "request_id": source.request_id,
                    "domain": source.domain,
                    "uri": source.uri,
                }
            ),
            "database": source.database,
            "page_id": source.page_id,
            "page_title": source.page_title,
            "page_namespace": source.page_namespace,
            "page_is_redirect": source.page_is_redirect,
            "rev_id": source.rev_id,
            "rev_timestamp": source.rev_timestamp,
            "rev_parent_id": source.rev_parent_id,
            "performer": _performer_document(source.performer),
            "scores": {
                model_name: {
                    "model_name": model_name,
                    "model_version": model_version,
                    "prediction": _labels(score["prediction"]),
                    "probability": _probabilities(score["probability"]),
                }
            },
        }
    )


def _performer_document(performer: Performer | None) -> dict[str, Any] | None:
    if performer is None:
        return None
    groups = performer.user_groups
    return _present(
        {
            "user_text": performer.user_text,
            "user_groups": None if groups is None else list(groups),
            "user_is_bot": performer.user_is_bot,
        }
    )


def _labels(prediction: object) -> list[str]:
    if isinstance(prediction, list | tuple):
        return [_label(one) for one in prediction]
    return [_label(prediction)]


def _label(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _probabilities(probability: Mapping[Any, Any]) -> dict[str, float]:
    """Without labels whose value is NaN or infinite, which JSON cannot express."""
    return {_label(key): float(p) for key, p in probability.items() if math.isfinite(p)}


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
