"""KServe's HTTP side as this project wants it: request ids, error answers, one JSON parser.

The only place that turns an error into an HTTP answer.
"""

from __future__ import annotations

import contextlib
import logging
import re
import uuid
from collections.abc import Iterator
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from kserve.constants.constants import PredictorProtocol
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady, ServerNotReady
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.rest.server import RESTServer
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liftwing_serving import logs
from liftwing_serving.errors import InternalError, ServingError

logger = logging.getLogger(__name__)

# What may stand in a log line and in a header as it came.
REQUEST_ID = re.compile(r"[A-Za-z0-9._:/-]{1,128}")

EXPECTED_OF_KSERVE: dict[type[Exception], int] = {
    InvalidInput: 400,
    ModelNotFound: 404,
    ModelNotReady: 503,
    ServerNotReady: 503,
}


class LiftwingDataPlane(DataPlane):  # type: ignore[misc]
    """KServe's data plane, except that a body is parsed by the model's own parser.

    KServe parses some content types, passes others on unread and answers with texts of its own.
    """

    def __init__(self, model_registry: Any) -> None:
        super().__init__(model_registry)
        self.draining = False

    def decode(
        self,
        body: Any,
        headers: Any,
        protocol_version: str = PredictorProtocol.REST_V1.value,
        model_name: str | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """V1 bodies stay bytes, whatever their content type."""
        if isinstance(body, bytes) and protocol_version == PredictorProtocol.REST_V1.value:
            return body, {}
        decoded: tuple[Any, dict[str, Any]] = super().decode(
            body, headers, protocol_version, model_name
        )
        return decoded

    def encode(
        self, model_name: str, response: Any, headers: Any, req_attributes: dict[str, Any]
    ) -> tuple[Any, dict[str, str]]:
        """The answer is JSON also to a caller that sends cloud event headers."""
        encoded: tuple[Any, dict[str, str]] = super().encode(
            model_name, response, None, req_attributes
        )
        return encoded

    async def ready(self) -> bool:
        """Not ready while loading or draining, nor once every worker is dead."""
        models = self.model_registry.get_models().values()
        return not self.draining and all([await model.healthy() for model in models])

    async def model_ready(
        self, model_name: str, disable_predictor_health_check: bool = False
    ) -> bool:
        """While draining a model is not ready to probes but still predicts.

        KServe sets the flag for requests to predict and leaves it for probes.
        """
        ready = await super().model_ready(model_name, disable_predictor_health_check)
        return bool(ready) and (disable_predictor_health_check or not self.draining)


class RequestContext:
    """ASGI middleware: gives each request an id, for its log lines and its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the caller's X-Request-Id if it is a sane one, else make one."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        token = logs.request_id.set(request_id)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            logs.request_id.reset(token)


async def answer_serving_error(request: Request, error: Exception) -> Response:
    """`{"error": text}` with the error's own status."""
    assert isinstance(error, ServingError)
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    text, extra = error.message, dict[str, object](status=error.status)
    if isinstance(error, InternalError):
        text, extra["details"] = internal_error_text(), error.details
    log = logger.warning if error.status >= 500 else logger.info
    log("answered %d: %s", error.status, error.message, extra=extra)
    return _answer(text, error.status, headers)


async def answer_kserve_error(request: Request, error: Exception) -> Response:
    """KServe's own text and status for what is no defect, without its traceback in the log."""
    status = EXPECTED_OF_KSERVE[type(error)]
    logger.info("answered %d: %s", status, error, extra={"status": status})
    return _answer(str(error), status)


async def answer_defect(request: Request, error: Exception) -> Response:
    """Whatever nobody expected: the traceback goes to the log, the request id to the client."""
    logger.error("a defect: %r", error, exc_info=error)
    return _answer(internal_error_text(), InternalError.status)


def _answer(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    body = orjson.dumps({"error": text})
    return Response(body, status, headers, media_type="application/json")


def internal_error_text() -> str:
    """What a client is told of a defect."""
    return f"Internal error. Please report it with this request id: {logs.request_id.get()}"


class _UvicornServer(uvicorn.Server):
    """Uvicorn without signal handlers: when to stop is decided by the server's lifecycle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class LiftwingRestServer(RESTServer):  # type: ignore[misc]
    """KServe's REST server with this project's middleware and error answers."""

    def __init__(self, data_plane: LiftwingDataPlane, http_port: int, **options: Any) -> None:
        # No repository extension: it would let any client unload a model.
        super().__init__("kserve.model_server:app", data_plane, None, http_port, **options)
        self._server = _UvicornServer(self.config)

    @property
    def uvicorn(self) -> uvicorn.Server:
        """The server that `serve`s and whose `should_exit` stops it."""
        return self._server

    def _add_middlewares(self, app: FastAPI) -> None:
        """Instead of KServe's, which logs two lines of timings for each request."""
        app.add_middleware(RequestContext)

    def _add_exception_handlers(self, app: FastAPI) -> None:
        super()._add_exception_handlers(app)
        for expected in EXPECTED_OF_KSERVE:
            app.add_exception_handler(expected, answer_kserve_error)
        app.add_exception_handler(ServingError, answer_serving_error)
        app.add_exception_handler(Exception, answer_defect)
