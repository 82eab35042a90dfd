"""Which parts of what a model tells of itself are asked for, in the form that ORES had for it.

Pure functions; what a model tells is in describing.py.
"""

from __future__ import annotations

import re

from liftwing_serving.errors import BadRequest
from liftwing_serving.fields import shown

# The keys that lead to a part, from the outermost.
Path = tuple[str, ...]

STATISTICS = (
    *("match_rate", "filter_rate", "recall", "!recall", "precision", "!precision"),
    *("f1", "!f1", "accuracy", "fpr"),
)
# A query may take a thousand thresholds, each with statistics that are worked out for it.
MAX_PATHS = 100

GRAMMAR = (
    'Expected paths with "|" between, each of keys with "." between, and quotes around keys with '
    'dots or blanks, such as type|params|statistics.roc_auc or statistics.thresholds.true."maximum '
    'recall @ precision >= 0.9". A threshold query is "(maximum|minimum) STATISTIC @ STATISTIC '
    f'(>=|<=) NUMBER", where STATISTIC is one of {", ".join(STATISTICS)}.'
)

_KEY = r""""[^"]+"|'[^']+'|[^."'|]+"""
_PATH = re.compile(rf"(?:{_KEY})(?:\.(?:{_KEY}))*")
_STATISTIC = f"(?:{'|'.join(map(re.escape, STATISTICS))})"
_QUERY = re.compile(
    rf"(?:maximum|minimum) {_STATISTIC} @ {_STATISTIC} (?:>=|<=) [-+]?(?:[0-9]*\.)?[0-9]+"
)


def parse_paths(text: str) -> tuple[Path, ...]:
    """The paths in a client's text, none in an empty one. Raises BadRequest with the grammar."""
    parts = text.split("|") if text.strip() else []
    if len(parts) > MAX_PATHS:
        raise BadRequest(f"Expected at most {MAX_PATHS} paths.")
    return tuple(_path(part.strip()) for part in parts)


def no_such_part(key: str) -> BadRequest:
    """What is said of a key that leads nowhere, or of a path that is none."""
    return BadRequest(f"The model's information has no part {shown(key)}. {GRAMMAR}")


def _path(text: str) -> Path:
    if not _PATH.fullmatch(text):
        raise no_such_part(text)
    keys = tuple(key.strip("\"'").strip() for key in re.findall(_KEY, text))
    for key in keys:
        # revscoring would overlook what follows a query, and fail at a statistic that it lacks.
        query = key.lower()
        if ("@" in key or query.startswith(("maximum ", "minimum "))) and not _QUERY.fullmatch(
            query
        ):
            raise no_such_part(key)
    return keys
