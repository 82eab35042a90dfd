"""KServe's gRPC side: the Open Inference Protocol on a port of its own.

https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from grpc import aio
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc as protocol
from kserve.protocol.grpc.servicer import InferenceServicer

from liftwing_serving import logs
from liftwing_serving.server.dataplane import LiftwingDataPlane
from liftwing_serving.server.failures import GrpcErrors


class _RequestIds(aio.ServerInterceptor):  # type: ignore[misc]
    """Gives each call an id, like `middleware.Entrance`."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        metadata = dict(handler_call_details.invocation_metadata or ())
        logs.request_id.set(logs.sane_request_id(str(metadata.get("x-request-id", ""))))
        return await continuation(handler_call_details)


class GrpcServer:
    """Serves the models of a data plane; make, start and stop it within one event loop.

    `options` are gRPC's channel arguments. Raises RuntimeError if the port cannot be bound.
    """

    def __init__(
        self, data_plane: LiftwingDataPlane, host: str, port: int, options: dict[str, int]
    ) -> None:
        self._server = aio.server(
            ThreadPoolExecutor(max_workers=1),
            interceptors=(_RequestIds(), GrpcErrors()),
            # Without it a second server would share the port, and the calls.
            options=[*options.items(), ("grpc.so_reuseport", 0)],
        )
        # No repository extension: it would let any client unload a model.
        servicer = InferenceServicer(data_plane, None)
        protocol.add_GRPCInferenceServiceServicer_to_server(servicer, self._server)
        self._server.add_insecure_port(f"{host}:{port}")

    async def start(self) -> None:
        """Begin to accept calls."""
        await self._server.start()

    async def stop(self, grace_seconds: float) -> None:
        """Accept no more calls, and cancel those still in flight after the grace period."""
        await self._server.stop(grace_seconds)
