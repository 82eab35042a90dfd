"""The transformer's calls to a predictor over gRPC."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc import aio
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol
from liftwing_serving import logs, tracing
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import BadRequest, ServingError, TooManyRequests, Unavailable
from liftwing_serving.outlink.clients import client_for
from liftwing_serving.outlink.grpc_client import GrpcPredictor
from liftwing_serving.server.flags import parse_flags

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FIELDS = {"features_str": "Q1"}


class Predictor:
    """Answers with one topic, or fails with the code that it is given."""

    def __init__(self, code: grpc.StatusCode | None = None) -> None:
        self.code = code
        self.requests: list[Any] = []
        self.metadata: list[dict[str, str]] = []

    async def infer(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        self.metadata.append({name: value for name, value in context.invocation_metadata()})
        if self.code is not None:
            await context.abort(self.code, "Expected so.")
        answer = protocol.ModelInferResponse()
        tensor = answer.outputs.add(name="output", datatype="BYTES", shape=[1])
        tensor.contents.bytes_contents.append(b'{"topics": [["STEM.Physics", 0.75]]}')
        return answer

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Where it can be asked meanwhile."""
        server = aio.server()
        infer = grpc.unary_unary_rpc_method_handler(
            self.infer,
            protocol.ModelInferRequest.FromString,
            protocol.ModelInferResponse.SerializeToString,
        )
        service = "inference.GRPCInferenceService"
        handlers = grpc.method_handlers_generic_handler(service, {"ModelInfer": infer})
        server.add_generic_rpc_handlers((handlers,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        yield f"127.0.0.1:{port}"
        await server.stop(None)


async def ask(predictor: Predictor) -> list[tuple[str, float]]:
    async with predictor.served() as target:
        client = GrpcPredictor(target, "outlink")
        try:
            return list(await client.topics(FIELDS, Deadline.after(5)))
        finally:
            await client.close()


async def test_the_fields_travel_in_a_tensor() -> None:
    predictor = Predictor()
    assert await ask(predictor) == [("STEM.Physics", 0.75)]
    (request,) = predictor.requests
    assert request.model_name == "outlink"
    assert json.loads(request.inputs[0].contents.bytes_contents[0]) == FIELDS


async def test_the_requests_id_and_trace_are_passed_on() -> None:
    token = logs.request_id.set("id-7")
    tracing.take_up({"traceparent": PARENT, "tracestate": "a=b"})
    predictor = Predictor()
    await ask(predictor)
    logs.request_id.reset(token)
    (sent,) = predictor.metadata
    assert (sent["x-request-id"], sent["traceparent"]) == ("id-7", PARENT)
    assert sent["tracestate"] == "a=b"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, BadRequest),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, TooManyRequests),
        (grpc.StatusCode.UNAVAILABLE, Unavailable),
        (grpc.StatusCode.NOT_FOUND, Unavailable),
    ],
)
async def test_what_a_refusal_means(code: grpc.StatusCode, kind: type[ServingError]) -> None:
    with pytest.raises(kind):
        await ask(Predictor(code))


@pytest.mark.parametrize(
    ("arguments", "asked_for"),
    [([], "outlink-topic-model"), (["--model_name", "outlink-next"], "outlink-next")],
)
async def test_the_predictor_is_asked_for_the_transformers_model(
    arguments: list[str], asked_for: str
) -> None:
    predictor = Predictor()
    async with predictor.served() as target:
        to = ["--predictor_host", target, "--predictor_protocol", "grpc-v2", *arguments]
        client = client_for(parse_flags(to, 1), None)  # type: ignore[arg-type]
        await client.topics(FIELDS, Deadline.after(5))
        await client.close()
    assert predictor.requests[0].model_name == asked_for
