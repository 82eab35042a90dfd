"""The Open Inference Protocol over gRPC, on a port of its own, and gRPC's health checking."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import StringValue, UInt32Value
from grpc import aio
from kserve.errors import ModelNotFound
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol

from liftwing_serving import deadline, incoming
from liftwing_serving.server import openinference
from liftwing_serving.server.dataplane import LiftwingDataPlane
from liftwing_serving.server.failures import grpc_error

INFERENCE = "inference.GRPCInferenceService"
HEALTH = "grpc.health.v1.Health"
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
WATCH_SECONDS = 1.0
LONGEST_SECONDS = 86400.0

Method = Callable[[Any], Awaitable[Any]]


class GrpcServer:
    """Serves the models of a data plane; start and stop it within one event loop.

    What is not among its methods is UNIMPLEMENTED: loading models, for one.
    """

    def __init__(
        self, data_plane: LiftwingDataPlane, host: str, port: int, options: dict[str, int]
    ) -> None:
        self._data_plane = data_plane
        self._stopping = asyncio.Event()
        self._server = aio.server(
            ThreadPoolExecutor(max_workers=1),
            # Without it a second server would share the port, and the calls.
            options=[*options.items(), ("grpc.so_reuseport", 0)],
        )
        inference = {
            "ServerLive": _call(self._server_live, protocol.ServerLiveRequest),
            "ServerReady": _call(self._server_ready, protocol.ServerReadyRequest),
            "ServerMetadata": _call(self._server_metadata, protocol.ServerMetadataRequest),
            "ModelReady": _call(self._model_ready, protocol.ModelReadyRequest),
            "ModelMetadata": _call(self._model_metadata, protocol.ModelMetadataRequest),
            # As bytes: what protobuf would make of hostile ones takes too long and too much.
            "ModelInfer": _call(self._model_infer, None),
        }
        # A message of health checking has one field, a string or an enumeration, as these have.
        health = {
            "Check": _call(self._check, StringValue),
            "Watch": grpc.unary_stream_rpc_method_handler(
                self._watch, StringValue.FromString, UInt32Value.SerializeToString
            ),
        }
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(INFERENCE, inference),
                grpc.method_handlers_generic_handler(HEALTH, health),
            )
        )
        self._server.add_insecure_port(f"{host}:{port}")

    async def start(self) -> None:
        """Begin to accept calls."""
        await self._server.start()

    async def stop(self, grace_seconds: float) -> None:
        """Accept no more calls, and wait so long for those in flight."""
        self._stopping.set()
        await self._server.stop(grace_seconds)

    async def _server_live(self, request: Any) -> Any:
        return protocol.ServerLiveResponse(live=True)

    async def _server_ready(self, request: Any) -> Any:
        return protocol.ServerReadyResponse(ready=await self._data_plane.ready())

    async def _server_metadata(self, request: Any) -> Any:
        return protocol.ServerMetadataResponse(**self._data_plane.metadata())

    async def _model_ready(self, request: Any) -> Any:
        _refuse_version(request.name, request.version)
        return protocol.ModelReadyResponse(ready=await self._data_plane.model_ready(request.name))

    async def _model_metadata(self, request: Any) -> Any:
        _refuse_version(request.name, request.version)
        metadata = await self._data_plane.model_metadata(request.name)
        return protocol.ModelMetadataResponse(**metadata)

    async def _model_infer(self, message: bytes) -> Any:
        request = openinference.read_grpc(message, self._data_plane.max_instances)
        _refuse_version(request.model, request.version)
        texts = await self._data_plane.answer_each(request.model, request.elements)
        return openinference.grpc_answer(request, texts)

    async def _check(self, request: Any) -> Any:
        """Whether the server, or the model whose name is given for a service, is ready."""
        if request.value in ("", INFERENCE):
            ready = await self._data_plane.ready()
        else:
            ready = await self._data_plane.model_ready(request.value)
        return UInt32Value(value=SERVING if ready else NOT_SERVING)

    async def _watch(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """The status now and whenever it changes, until the server stops."""
        told = None
        while not self._stopping.is_set():
            try:
                status = await self._check(request)
            except ModelNotFound:
                status = UInt32Value(value=SERVICE_UNKNOWN)
            if status != told:
                told = status
                yield status
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await self._stopping.wait()


def _call(method: Method, request_type: Any) -> grpc.RpcMethodHandler:
    """A method as gRPC has it: within an id for its log lines, its errors as codes."""

    async def answer(request: Any, context: Any) -> Any:
        metadata = _metadata(context)
        incoming.take_up(metadata)
        try:
            return await method(request)
        except Exception as error:
            await context.abort(*grpc_error(error))

    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=request_type and request_type.FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )


def _metadata(context: Any) -> dict[str, str]:
    """What a call says beside its message, with gRPC's own deadline unless it names another."""
    given = {name: str(value) for name, value in context.invocation_metadata() or ()}
    seconds = context.time_remaining()
    # That of a call without a deadline is None or ends in centuries.
    if seconds is not None and seconds < LONGEST_SECONDS:
        given.setdefault(deadline.HEADER, f"{seconds:.3f}")
    return given


def _refuse_version(model: str, version: str) -> None:
    """Models have one version, which has no name of its own. Raises ModelNotFound."""
    if version:
        raise ModelNotFound(f"{model}, version {version},")
