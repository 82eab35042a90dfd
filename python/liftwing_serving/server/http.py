"""KServe's HTTP side inside this project's middleware and error answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import orjson
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from kserve import model_server
from kserve.constants.constants import INFERENCE_CONTENT_LENGTH_HEADER
from kserve.protocol.rest.server import RESTServer, metrics_handler
from kserve.protocol.rest.v1_endpoints import V1Endpoints
from kserve.protocol.rest.v2_endpoints import V2Endpoints

from liftwing_serving.server import failures, openinference
from liftwing_serving.server.dataplane import LiftwingDataPlane
from liftwing_serving.server.middleware import Entrance


class _UvicornServer(uvicorn.Server):
    """Uvicorn without signal handlers: the lifecycle decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer(RESTServer):  # type: ignore[misc]
    """Answers HTTP from a data plane. `options` are those of KServe's RESTServer."""

    def __init__(
        self, data_plane: LiftwingDataPlane, port: int, max_body_bytes: int, **options: Any
    ) -> None:
        super().__init__("kserve.model_server:app", data_plane, None, port, **options)
        self._server = _UvicornServer(self.config)
        self._max_body_bytes = max_body_bytes

    @property
    def uvicorn(self) -> uvicorn.Server:
        """The server that `serve`s and whose `should_exit` stops it."""
        return self._server

    def create_application(self) -> None:
        """KServe's application inside our middleware, which thus sees answers to defects too."""
        super().create_application()
        self.config.app = Entrance(model_server.app, self._max_body_bytes)

    def _register_endpoints(self, app: FastAPI) -> None:
        """KServe's endpoints, less those that are not offered, and V2 requests read by us."""
        app.include_router(_endpoints(self.dataplane))

    def _add_middlewares(self, app: FastAPI) -> None:
        """None of KServe's, which logs two lines of timings for each request."""

    def _add_exception_handlers(self, app: FastAPI) -> None:
        super()._add_exception_handlers(app)
        failures.add_handlers(app)


def _endpoints(data_plane: LiftwingDataPlane) -> APIRouter:
    v1, v2 = V1Endpoints(data_plane), V2Endpoints(data_plane)

    async def predict(model_name: str, request: Request) -> Response:
        """The answer to a V1 request, which is read whole even if there is no such model."""
        document = await data_plane.answer(model_name, await request.body())
        return Response(orjson.dumps(document), media_type="application/json")

    async def infer(model_name: str, request: Request) -> Response:
        """The V1 answer to the V1 request in the body's tensor, in a tensor too."""
        body = await request.body()
        data_plane.answering(model_name)
        json_length = request.headers.get(INFERENCE_CONTENT_LENGTH_HEADER)
        question = openinference.read_http(body, json_length)
        document = await data_plane.answer(model_name, question.body)
        answer = openinference.http_answer(question, model_name, document)
        return Response(answer, media_type="application/json")

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
    for path, endpoint in {
        "/v1/models/{model_name}:predict": predict,
        "/v2/models/{model_name}/infer": infer,
    }.items():
        router.add_api_route(path, endpoint, methods=["POST"], response_model=None)
    return router
