"""Passes requests for one model on to its server, and the answer back, as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from liftwing_serving.deadline import Deadline
from liftwing_serving.ores.client import JSON, Client
from liftwing_serving.ores.failures import Failure
from liftwing_serving.ores.servers import OLDER_NAMES, Servers

# Bytes of JSON before binary tensors, in V2.
_BINARY = "Inference-Header-Content-Length"
_PASSED_BACK = ("Content-Type", "Retry-After", _BINARY)


@dataclass(frozen=True, slots=True)
class Passed:
    """An answer: status, body, and those headers that matter to clients."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Forwarding:
    """Knows which server a model is at, and that ORES had another name for one kind of them."""

    def __init__(self, servers: Servers, client: Client) -> None:
        self._servers = servers
        self._client = client

    async def forward(
        self,
        before: str,
        name: str,
        after: str,
        deadline: Deadline,
        body: bytes | None = None,
        headers: Mapping[str, str] = {},
    ) -> Passed:
        """The answer to a request whose path is the model's name between two texts.

        Raises Failure if there is no such model, or no answer.
        """
        wiki, _, kind = name.rpartition("-")
        real = f"{wiki}-{OLDER_NAMES[kind]}" if wiki and kind in OLDER_NAMES else name
        server = self._servers.of(real)
        if server is None:
            raise Failure(404, f"Model with name {name} does not exist.")
        sent = {"Content-Type": JSON}
        if _BINARY in headers:
            sent = {"Content-Type": "application/octet-stream", _BINARY: headers[_BINARY]}
        reply = await self._client.call(server, before + real + after, deadline, body, sent)
        back = {one: reply.headers[one] for one in _PASSED_BACK if one in reply.headers}
        text = reply.body
        if real != name and reply.status == 200:
            text = _renamed(text, OLDER_NAMES[kind], kind)
        return Passed(reply.status, text, back)


def _renamed(body: bytes, kind: str, older: str) -> bytes:
    """A V1 answer with a model's older name for its kind."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    several = document.get("predictions") if isinstance(document, dict) else None
    for one in several if isinstance(several, list) else [document]:
        _rename(one, kind, older)
    return orjson.dumps(document)


def _rename(document: Any, kind: str, older: str) -> None:
    """Have the keys of ORES' shape changed, if it has that shape."""
    for told in document.values() if isinstance(document, dict) else ():
        if not isinstance(told, dict):
            continue
        scores = told.get("scores")
        for holder in (told.get("models"), *(scores.values() if isinstance(scores, dict) else ())):
            if isinstance(holder, dict) and kind in holder:
                holder[older] = holder.pop(kind)
