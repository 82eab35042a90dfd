"""NAME: which label fits a text?"""

from __future__ import annotations

from typing import Any

from liftwing_serving import plain
from liftwing_serving.errors import BadRequest

REQUEST = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}},
    # Shown in the OpenAPI document, and tried by the conformance kit.
    "examples": [{"text": "A text."}, {"text": "Another text."}],
}
ANSWER = {
    "type": "object",
    "required": ["prediction", "probability"],
    "properties": {
        "prediction": {"type": "string"},
        "probability": {"type": "object", "additionalProperties": {"type": "number"}},
    },
}


def read(fields: dict[str, Any]) -> str:
    """The text in a client's JSON object. Raises BadRequest."""
    text = fields.get("text")
    if not isinstance(text, str):
        raise BadRequest('Expected "text" to be a string.')
    return text


if __name__ == "__main__":
    plain.serve("NAME", "handler:Handler", read, REQUEST, ANSWER)
