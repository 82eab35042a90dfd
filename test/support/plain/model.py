"""A plain model: what does a word mean?"""

from __future__ import annotations

from typing import Any

from liftwing_serving import plain
from liftwing_serving.errors import BadRequest

REQUEST = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
}


def read(fields: dict[str, Any]) -> str:
    word = fields.get("word")
    if not isinstance(word, str):
        raise BadRequest('Expected "word" to be a string.')
    return word


if __name__ == "__main__":
    plain.serve("meanings", "handler:Handler", read, REQUEST)
