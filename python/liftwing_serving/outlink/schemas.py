"""JSON schemas of requests and answers, for the OpenAPI document. docs/api.md says the same."""

from __future__ import annotations

from typing import Any

from liftwing_serving.fields import MAX_INTEGER

Schema = dict[str, Any]

# People, the United States and the United Kingdom: items that any model of Wikipedias knows.
ITEMS = "Q5 Q30 Q145"
ID: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_INTEGER}
# What both servers are asked.
COMMON: dict[str, Schema] = {
    "features_str": {"type": "string"},
    "threshold": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
    "debug": {"type": "boolean", "default": False},
}
OUTLINK_REQUEST: Schema = {
    "type": "object",
    "properties": {
        "lang": {"type": "string"},
        "wiki_id": {"type": "string"},
        "page_title": {"type": "string"},
        "page_id": ID,
        "revision_id": ID,
        "event": {"type": "object", "required": ["$schema"]},
        **COMMON,
    },
    "anyOf": [
        {"required": ["page_title"]},
        {"required": ["page_id"]},
        {"required": ["event"]},
    ],
    "examples": [{"lang": "en", "page_title": "Gannet", "features_str": ITEMS}],
}
RESULT: Schema = {
    "type": "object",
    "required": ["topic", "score"],
    "properties": {"topic": {"type": "string"}, "score": {"type": "number"}},
}
OUTLINK_ANSWER: Schema = {
    "type": "object",
    "required": ["prediction"],
    "properties": {
        "prediction": {
            "type": "object",
            "required": ["article", "results"],
            "properties": {
                "article": {"type": "string", "format": "uri"},
                "results": {"type": "array", "items": RESULT},
            },
        }
    },
}
# What the answer repeats of the request.
ECHO: dict[str, Schema] = {"lang": {}, "page_id": {}, "page_title": {}}
TOPIC_REQUEST: Schema = {
    "type": "object",
    "required": ["features_str"],
    "properties": {**COMMON, **ECHO},
    "examples": [{"features_str": ITEMS}],
}
TOPIC_ANSWER: Schema = {
    "type": "object",
    "required": ["topics"],
    "properties": {
        "topics": {
            "type": "array",
            "items": {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 2},
        },
        **ECHO,
    },
}
