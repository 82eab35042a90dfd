"""The outlink predictor as `server/` serves it: items in, topics out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import TooManyRequests
from liftwing_serving.outlink import schemas
from liftwing_serving.outlink.topics import (
    MODEL,
    TopicRequest,
    Topics,
    topic_request,
    topics_document,
)
from liftwing_serving.server import Servable
from liftwing_serving.workers import Bundler, Runner

# A worker takes 2 ms for a bundle of as many bytes, which are a thousand items.
BUNDLE_BYTES = 10_000


class Predictor(Servable[TopicRequest]):
    """A fastText model in worker processes: prediction holds Python's lock while it runs."""

    platform = "fasttext"
    request_schema = schemas.TOPIC_REQUEST
    answer_schema = schemas.TOPIC_ANSWER

    def __init__(self, runner: Runner, workers: int) -> None:
        super().__init__(MODEL)
        self._runner = runner
        self._bundler = Bundler(runner, MODEL, workers, BUNDLE_BYTES)

    @property
    def alive(self) -> bool:
        """Whether some worker could take a request."""
        return self._runner.alive

    def read(self, fields: dict[str, Any]) -> TopicRequest:
        """The request in a JSON object. Raises BadRequest."""
        return topic_request(fields)

    async def answer(self, request: TopicRequest, deadline: Deadline) -> dict[str, Any]:
        """The topics at or above the threshold, best first. Raises what `topics` raises."""
        return topics_document(request, await self.topics(request, deadline))

    async def topics(self, request: TopicRequest, deadline: Deadline) -> bytes:
        """The same alone, in JSON. Raises TooManyRequests, and what the runner raises."""
        refusal = self._bundler.refusal(deadline)
        if refusal is not None:
            raise TooManyRequests(refusal)
        task = (request.features, request.threshold)
        topics: bytes = await self._bundler.run(task, len(request.features), deadline)
        return topics

    async def close(self) -> None:
        """Stop the workers."""
        await self._bundler.close()
        await self._runner.close()


class LocalPredictor:
    """A `PredictorClient` of the predictor in this process."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    async def topics(self, fields: Mapping[str, Any], deadline: Deadline) -> Topics:
        """See PredictorClient."""
        topics = await self._predictor.topics(topic_request(fields), deadline)
        return [(name, probability) for name, probability in orjson.loads(topics)]

    async def close(self) -> None:
        """The predictor is its owner's to close."""
