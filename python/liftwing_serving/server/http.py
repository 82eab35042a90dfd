"""KServe's HTTP side inside this project's middleware and error answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from kserve import model_server
from kserve.constants.constants import INFERENCE_CONTENT_LENGTH_HEADER
from kserve.protocol.rest.server import RESTServer, metrics_handler
from kserve.protocol.rest.server import _RefreshingServer as RefreshingServer
from kserve.protocol.rest.v1_endpoints import V1Endpoints
from kserve.protocol.rest.v2_endpoints import V2Endpoints
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from liftwing_serving.server import failures, openapi, openinference
from liftwing_serving.server.connections import BoundedConnection
from liftwing_serving.server.dataplane import LiftwingDataPlane
from liftwing_serving.server.hosted import Hosted
from liftwing_serving.server.middleware import Entrance
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
            model_server.app,
            self._settings.max_body_bytes,
            self._settings.request_deadline_seconds,
        )
        self.config.app = _with_cors(entrance, self._settings.cors_allowed_origins)

    def _register_endpoints(self, app: FastAPI) -> None:
        """KServe's endpoints, less those that are not offered, and requests read by us."""
        app.include_router(_endpoints(self.dataplane))
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


def _endpoints(data_plane: LiftwingDataPlane) -> APIRouter:
    v1, v2 = V1Endpoints(data_plane), V2Endpoints(data_plane)

    async def predict(model_name: str, request: Request) -> Response:
        """The answer to a V1 request, which is read whole even if there is no such model."""
        answer = await data_plane.answer(model_name, await request.body())
        return Response(answer, media_type="application/json")

    async def infer(model_name: str, request: Request) -> Response:
        """The V1 answers to the V1 requests in the body's tensor, in a tensor too."""
        body = await request.body()
        data_plane.answering(model_name)
        json_length = request.headers.get(INFERENCE_CONTENT_LENGTH_HEADER)
        question = openinference.read_http(body, json_length, data_plane.max_instances)
        texts = await data_plane.answer_each(model_name, question.elements)
        answer, json_length = openinference.http_answer(question, model_name, texts)
        if json_length is None:
            return Response(answer, media_type="application/json")
        headers = {INFERENCE_CONTENT_LENGTH_HEADER: json_length}
        return Response(answer, headers=headers, media_type="application/octet-stream")

    def own_route(hosted: Hosted) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            """The answer to a request in JSON."""
            body = await data_plane.answer_route(hosted, await request.body())
            return Response(body, media_type="application/json")

        return answer

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
    posted: dict[str, Callable[..., Awaitable[Response]]] = {
        openapi.PREDICT: predict,
        openapi.INFER: infer,
        **{hosted.name: own_route(hosted) for hosted in data_plane.routes},
    }
    for path, endpoint in posted.items():
        router.add_api_route(path, endpoint, methods=["POST"], response_model=None)
    return router
