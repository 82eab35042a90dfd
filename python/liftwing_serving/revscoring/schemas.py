"""JSON schemas of requests and answers, for the OpenAPI document. docs/api.md says the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from liftwing_serving.fields import MAX_INTEGER

Schema = dict[str, Any]

REV_ID: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_INTEGER}
# What requests for one model and for several have in common.
COMMON: dict[str, Schema] = {
    "extended_output": {"type": "boolean", "default": False},
    "lang": {"type": "string"},
}
REQUEST: Schema = {
    "type": "object",
    "properties": {
        "rev_id": REV_ID,
        "event": {"type": "object", "required": ["$schema"]},
        "inject": {"type": "object"},
        **COMMON,
    },
    "anyOf": [{"required": ["rev_id"]}, {"required": ["event"]}],
}
SCORE: Schema = {
    "type": "object",
    "required": ["prediction"],
    "properties": {
        "prediction": {"type": ["boolean", "string", "array"], "items": {"type": "string"}},
        "probability": {"type": "object", "additionalProperties": {"type": "number"}},
    },
}
ERROR: Schema = {
    "type": "object",
    "required": ["type", "message"],
    "properties": {"type": {"type": "string"}, "message": {"type": "string"}},
}


def request_for_several(names: Sequence[str], max_revisions: int) -> Schema:
    """A request for some of the models of these names."""
    properties = {
        "rev_ids": {"type": "array", "items": REV_ID, "maxItems": max_revisions},
        "models": {"type": "array", "items": {"enum": list(names)}, "minItems": 1},
        "inject": {"type": "object", "additionalProperties": {"type": "object"}},
        **COMMON,
    }
    return {"type": "object", "required": ["rev_ids"], "properties": properties}


def answer(wiki: str, kinds: Sequence[str]) -> Schema:
    """Scores of a wiki's revisions in ORES' shape, by some of the models of these kinds."""
    version = {"type": "object", "properties": {"version": {"type": "string"}}}
    entry = {
        "type": "object",
        "properties": {
            "score": SCORE,
            "features": {"type": "object"},
            "injected": {"type": "object"},
            "error": ERROR,
        },
    }
    of_revision = {"type": "object", "properties": {kind: entry for kind in kinds}}
    of_wiki = {
        "type": "object",
        "required": ["models", "scores"],
        "properties": {
            "models": {"type": "object", "properties": {kind: version for kind in kinds}},
            "scores": {"type": "object", "additionalProperties": of_revision},
        },
    }
    return {"type": "object", "required": [wiki], "properties": {wiki: of_wiki}}
