"""KServe models that do nothing, for the outlink pair to be measured against.

    empty.py predictor FLAGS
    empty.py transformer URL FLAGS

The predictor always gives the answer in the environment's ANSWER. The transformer posts whatever it
is sent to the URL over aiohttp, and returns what comes back.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

import aiohttp
import kserve

NAME = "outlink-topic-model"


class Predictor(kserve.Model):  # type: ignore[misc]
    """Says the same of everything."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self.ready = True
        self._answer = json.loads(os.environ["ANSWER"])

    async def predict(self, payload: Any, *rest: Any, **more: Any) -> Any:
        """The answer of the environment; over gRPC in a tensor."""
        if isinstance(payload, dict):
            return self._answer
        output = kserve.InferOutput("output", [1], "BYTES", [json.dumps(self._answer).encode()])
        return kserve.InferResponse(payload.id or "1", NAME, [output])


class Transformer(kserve.Model):  # type: ignore[misc]
    """Passes everything on."""

    def __init__(self, url: str) -> None:
        super().__init__(NAME)
        self.ready = True
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def predict(self, payload: Any, *rest: Any, **more: Any) -> Any:
        """What the URL answers."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        async with self._session.post(self._url, json=payload) as response:
            return await response.json()


if __name__ == "__main__":
    # A line for each request would be work that the server it is measured against does not do.
    logging.disable(logging.INFO)
    kind, *sys.argv[1:] = sys.argv[1:]
    model = Predictor() if kind == "predictor" else Transformer(sys.argv.pop(1))
    parser = kserve.model_server.parser
    arguments = parser.parse_args()
    kserve.ModelServer(
        http_port=arguments.http_port, grpc_port=arguments.grpc_port, workers=1
    ).start([model])
