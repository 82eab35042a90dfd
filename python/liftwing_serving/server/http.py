"""KServe's HTTP side inside this project's middleware and error answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from kserve import model_server
from kserve.constants.constants import INFERENCE_CONTENT_LENGTH_HEADER
from kserve.protocol.rest.server import RESTServer, metrics_handler
from kserve.protocol.rest.server import _RefreshingServer as RefreshingServer
from kserve.protocol.rest.v1_endpoints import V1Endpoints
from kserve.protocol.rest.v2_endpoints import V2Endpoints
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from liftwing_serving.server import failures, openapi
from liftwing_serving.server.connections import BoundedConnection
from liftwing_serving.server.dataplane import LiftwingDataPlane
from liftwing_serving.server.middleware import Entrance
from liftwing_serving.server.posted import Endpoint, Shortcut, posted_endpoints
from liftwing_serving.settings import ServerSettings

# For the answers of what is given up to be written.
LAST_WORDS_SECONDS = 0.3


class _UvicornServer(RefreshingServer):  # type: ignore[misc]
    """Uvicorn without signal handlers: when to stop is decided by the server's lifecycle.

    KServe's, which reads certificates again when their files change.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer(RESTServer):  # type: ignore[misc]
    """Answers HTTP from a data plane. `options` are those of KServe's RESTServer."""

    def __init__(
        self, data_plane: LiftwingDataPlane, port: int, settings: ServerSettings, **options: Any
    ) -> None:
        # When its grace is over is the lifecycle's affair too.
        super().__init__(
            "kserve.model_server:app", data_plane, None, port, grace_period=None, **options
        )
        self.config.http = BoundedConnection
        self._server = _UvicornServer(self.config)
        self._settings = settings
        self._posted = posted_endpoints(data_plane)

    async def serve(self, listener: socket.socket) -> None:
        """Answer until `stop`, and then until the last answer."""
        await self._server.serve(sockets=[listener])

    def stop(self) -> None:
        """Accept no more connections."""
        self._server.should_exit = True

    def give_up(self) -> None:
        """Answer what is in flight with 503, and close all connections."""
        for task in self._server.server_state.tasks:
            task.cancel()
        asyncio.get_running_loop().call_later(LAST_WORDS_SECONDS, self._abort_connections)

    def _abort_connections(self) -> None:
        """Those whose clients do not read, for one, do not close."""
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()

    def create_application(self) -> None:
        """KServe's application inside our middleware, which thus sees answers to defects too."""
        super().create_application()
        entrance = Entrance(
            Shortcut(model_server.app, self._posted),
            self._settings.max_body_bytes,
            self._settings.request_deadline_seconds,
        )
        self.config.app = _with_cors(entrance, self._settings.cors_allowed_origins)

    def _register_endpoints(self, app: FastAPI) -> None:
        """KServe's endpoints, less those that are not offered, and requests read by us."""
        app.include_router(_endpoints(self.dataplane, self._posted))
        generate = app.openapi
        # Asked for anew each time, as models are loaded after the routes are made.
        app.openapi = lambda: self.dataplane.complete(generate())  # type: ignore[method-assign]

    def _add_middlewares(self, app: FastAPI) -> None:
        """None of KServe's, which logs two lines of timings for each request."""

    def _add_exception_handlers(self, app: FastAPI) -> None:
        super()._add_exception_handlers(app)
        failures.add_handlers(app)


def _with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """The application, which pages of these origins may call; outermost, so that refusals too may
    be read by them."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=["X-Request-Id", "Retry-After", INFERENCE_CONTENT_LENGTH_HEADER],
    )


def _endpoints(data_plane: LiftwingDataPlane, posted: Mapping[str, Endpoint]) -> APIRouter:
    """All routes; those that are posted to are here for the document that describes them."""
    v1, v2 = V1Endpoints(data_plane), V2Endpoints(data_plane)
    router = APIRouter()
    for path, endpoint in {
        "/": data_plane.live,
        "/metrics": metrics_handler,
        "/v1/models": v1.models,
        "/v1/models/{model_name}": v1.model_ready,
        "/v2": v2.metadata,
        "/v2/health/live": v2.live,
        "/v2/health/ready": v2.ready,
        "/v2/models": v2.models,
        "/v2/models/{model_name}": data_plane.model_metadata,
        "/v2/models/{model_name}/ready": v1.model_ready,
    }.items():
        router.add_api_route(path, endpoint, methods=["GET"], response_model_exclude_none=True)

    async def information(model_name: str, model_info: str = "") -> Response:
        """What the model tells of itself, whole or the parts that `model_info` names."""
        model = data_plane.answering(model_name)
        if not model.informs:
            return failures.answer_with("This model tells nothing of itself.", 404)
        told = await model.information(model_info)
        return Response(told, media_type="application/json")

    router.add_api_route(openapi.INFORMATION, information, methods=["GET"])
    for path, endpoint in posted.items():
        router.add_api_route(path, endpoint, methods=["POST"], response_model=None)
    return router
