"""KServe's gRPC side: the Open Inference Protocol on a port of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from grpc import StatusCode, aio
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc as protocol
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor
from kserve.protocol.grpc.servicer import InferenceServicer

from liftwing_serving import logs
from liftwing_serving.errors import InternalError, ServingError
from liftwing_serving.rest import (
    EXPECTED_OF_KSERVE,
    LiftwingDataPlane,
    describe_defect,
    describe_error,
)

STATUS = {
    400: StatusCode.INVALID_ARGUMENT,
    413: StatusCode.RESOURCE_EXHAUSTED,
    429: StatusCode.RESOURCE_EXHAUSTED,
    500: StatusCode.INTERNAL,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
}


class _Errors(ExceptionToStatusInterceptor):  # type: ignore[misc]
    """The errors' texts are those of HTTP, the codes gRPC's nearest."""

    async def handle_exception(
        self, ex: Exception, request_or_iterator: Any, context: Any, method_name: str
    ) -> None:
        if isinstance(ex, ServingError):
            await context.abort(STATUS[ex.status], describe_error(ex))
        if type(ex) in EXPECTED_OF_KSERVE:
            await super().handle_exception(ex, request_or_iterator, context, method_name)
        await context.abort(STATUS[InternalError.status], describe_defect(ex))


class _RequestIds(aio.ServerInterceptor):  # type: ignore[misc]
    """Gives each call an id, like `rest.RequestContext`."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        metadata = dict(handler_call_details.invocation_metadata or ())
        logs.request_id.set(logs.sane_request_id(str(metadata.get("x-request-id", ""))))
        return await continuation(handler_call_details)


class GrpcServer:
    """Serves the models of a data plane; start and stop it within one event loop."""

    def __init__(self, data_plane: LiftwingDataPlane, port: int, options: dict[str, int]) -> None:
        self._server = aio.server(
            ThreadPoolExecutor(max_workers=1),
            interceptors=(_RequestIds(), _Errors()),
            # Without it a second server would share the port, and the calls.
            options=[*options.items(), ("grpc.so_reuseport", 0)],
        )
        # No repository extension: it would let any client unload a model.
        servicer = InferenceServicer(data_plane, None)
        protocol.add_GRPCInferenceServiceServicer_to_server(servicer, self._server)
        self._server.add_insecure_port(f"0.0.0.0:{port}")

    async def start(self) -> None:
        """Begin to accept calls."""
        await self._server.start()

    async def stop(self, grace_seconds: float) -> None:
        """Accept no more calls, and wait so long for those in flight."""
        await self._server.stop(grace_seconds)
