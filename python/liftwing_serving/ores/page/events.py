"""What an event of a stream tells about a change. Pure functions.

The events are of the schemas mediawiki/revision/score and mediawiki/revision/create and of
mediawiki/page/prediction_classification_change (https://schema.wikimedia.org). They come from
outside: what is not of the expected type is left out, and what is too long is cut.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from liftwing_serving.fields import MAX_INTEGER

MAX_TITLE, MAX_USER, MAX_COMMENT, MAX_LABEL = 300, 300, 1000, 100
# Of one event, and of one change: a revision has some five.
MAX_SCORES = 20
WIKI = re.compile(r"[a-z][a-z0-9_]{1,63}")
MODEL = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Score:
    """One model's score. `label` is what it predicts; `likely` is how likely that is, or for a
    model that says yes or no, how likely yes is."""

    model: str
    label: str
    likely: float
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What one event tells of a revision; None stands for what it does not."""

    wiki: str
    rev_id: int
    title: str | None = None
    user: str | None = None
    comment: str | None = None
    time: str | None = None
    created: bool | None = None
    scores: tuple[Score, ...] = ()


def told_by(event: object) -> Told | None:
    """What an event tells; None if it is not about a revision, or a canary."""
    fields = _object(event)
    if _object(fields.get("meta")).get("domain") == "canary":
        return None
    if "predicted_classification" in fields:
        return _prediction_change(fields)
    return _revision(fields)


def _revision(fields: Mapping[str, Any]) -> Told | None:
    """Of a revision-create or a revision-score event, whose fields have the same names."""
    wiki, rev_id = _wiki(fields.get("database")), _revision_id(fields.get("rev_id"))
    if wiki is None or rev_id is None:
        return None
    scores = _object(fields.get("scores"))
    return Told(
        wiki,
        rev_id,
        title=_title(fields.get("page_title")),
        user=_text(_object(fields.get("performer")).get("user_text"), MAX_USER),
        comment=_text(fields.get("comment"), MAX_COMMENT),
        time=_time(fields.get("rev_timestamp")) or _time(fields.get("dt")),
        created=_created(fields.get("rev_parent_id")),
        scores=tuple(_scores(scores)),
    )


def _prediction_change(fields: Mapping[str, Any]) -> Told | None:
    revision = _object(fields.get("revision"))
    wiki, rev_id = _wiki(fields.get("wiki_id")), _revision_id(revision.get("rev_id"))
    if wiki is None or rev_id is None:
        return None
    classification = _object(fields["predicted_classification"])
    score = _score(
        classification.get("model_name"),
        classification.get("predictions"),
        classification.get("probabilities"),
    )
    return Told(
        wiki,
        rev_id,
        title=_title(_object(fields.get("page")).get("page_title")),
        user=_text(_object(fields.get("performer")).get("user_text"), MAX_USER),
        comment=_text(revision.get("comment"), MAX_COMMENT),
        time=_time(revision.get("rev_dt")) or _time(fields.get("dt")),
        created=_created(revision.get("rev_parent_id")),
        scores=(score,) if score else (),
    )


def _scores(scores: Mapping[str, Any]) -> Iterator[Score]:
    for name, told in list(scores.items())[:MAX_SCORES]:
        told = _object(told)
        score = _score(
            told.get("model_name", name), told.get("prediction"), told.get("probability")
        )
        if score is not None:
            yield score


def _score(model: object, predictions: object, probabilities: object) -> Score | None:
    """The score, or None if it lacks what could be shown."""
    if not isinstance(model, str) or not MODEL.fullmatch(model):
        return None
    likely = {
        label: float(p)
        for label, p in _object(probabilities).items()
        if isinstance(p, int | float) and math.isfinite(p) and 0 <= p <= 1
    }
    if not likely:
        return None
    if likely.keys() <= {"true", "false"}:
        yes = likely["true"] if "true" in likely else 1 - likely["false"]
        return Score(model, "true" if yes >= 0.5 else "false", yes, binary=True)
    predicted = predictions if isinstance(predictions, list) else []
    named = [one for one in predicted if isinstance(one, str) and one in likely] or list(likely)
    label = max(named, key=likely.__getitem__)
    return Score(model, label[:MAX_LABEL], likely[label])


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, length: int) -> str | None:
    if not isinstance(value, str):
        return None
    return value if len(value) <= length else value[: length - 1] + "…"


def _title(value: object) -> str | None:
    text = _text(value, MAX_TITLE)
    return None if text is None else text.replace("_", " ")


def _wiki(value: object) -> str | None:
    return value if isinstance(value, str) and WIKI.fullmatch(value) else None


def _revision_id(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 < value <= MAX_INTEGER else None


def _created(parent_id: object) -> bool | None:
    """Whether the revision is its page's first."""
    if isinstance(parent_id, int) and not isinstance(parent_id, bool):
        return parent_id == 0
    return None


_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")


def _time(value: object) -> str | None:
    return value[:19] + "Z" if isinstance(value, str) and _TIME.fullmatch(value) else None
