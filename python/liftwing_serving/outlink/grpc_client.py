"""How the transformer asks its predictor over gRPC."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from grpc import StatusCode, aio
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol

from liftwing_serving import tracing
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import (
    BadRequest,
    DeadlineExceeded,
    ServingError,
    TooManyRequests,
    UpstreamUnusable,
)
from liftwing_serving.outlink.answers import RETRIES, UNUSABLE, topics_in, unreachable
from liftwing_serving.outlink.topics import Topics

logger = logging.getLogger(__name__)

# gRPC's own pause between attempts to connect grows to two minutes.
RECONNECT = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class GrpcPredictor:
    """A predictor by gRPC, over one channel, which connects again by itself."""

    def __init__(self, target: str, model: str) -> None:
        self._channel = aio.insecure_channel(target, options=RECONNECT)
        self._infer = self._channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=protocol.ModelInferRequest.SerializeToString,
            response_deserializer=protocol.ModelInferResponse.FromString,
        )
        self._model = model

    async def topics(self, fields: Mapping[str, Any], deadline: Deadline) -> Topics:
        """See PredictorClient."""
        message = protocol.ModelInferRequest(model_name=self._model)
        tensor = message.inputs.add(name="input", datatype="BYTES", shape=[1])
        tensor.contents.bytes_contents.append(orjson.dumps(fields))
        return await RETRIES.run(lambda: self._ask(message, deadline), deadline)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def _ask(self, message: Any, deadline: Deadline) -> Topics:
        metadata = tuple(tracing.headers().items())
        try:
            answer = await self._infer(message, timeout=deadline.remaining(), metadata=metadata)
        except aio.AioRpcError as error:
            raise _refused_by_grpc(error) from None
        try:
            (text,) = answer.outputs[0].contents.bytes_contents
        except (IndexError, ValueError):
            raise UpstreamUnusable(UNUSABLE) from None
        return topics_in(text)


def _refused_by_grpc(error: aio.AioRpcError) -> ServingError:
    code = error.code()
    if code is StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded()
    if code is StatusCode.INVALID_ARGUMENT:
        return BadRequest(error.details() or "The predictor refused the request.")
    if code is StatusCode.RESOURCE_EXHAUSTED:
        return TooManyRequests(1)
    logger.warning("the predictor cannot be reached: %s", error.details())
    return unreachable()
