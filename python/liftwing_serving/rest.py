"""KServe's HTTP side as this project wants it: request ids, error answers, one JSON parser.

The only place that turns an error into an HTTP answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from kserve import model_server
from kserve.constants.constants import PredictorProtocol
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady, ServerNotReady
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.rest.server import RESTServer
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liftwing_serving import logs
from liftwing_serving.errors import BadRequest, InternalError, PayloadTooLarge, ServingError

logger = logging.getLogger(__name__)

# For the log and the metrics only: nobody is there to read it.
CLIENT_LEFT = 499
LINGER_SECONDS = 2.0

# Models are loaded when the server starts and have one version; nothing here explains scores.
NOT_OFFERED = re.compile(r"^/v2/repository/|^/v2/models/[^/]+/versions/|:explain$")

EXPECTED_OF_KSERVE: dict[type[Exception], int] = {
    InvalidInput: 400,
    ModelNotFound: 404,
    ModelNotReady: 503,
    ServerNotReady: 503,
}


_http_request: ContextVar[Request | None] = ContextVar("http_request", default=None)


async def client_left() -> bool:
    """Whether the present request came by HTTP and its client is gone."""
    request = _http_request.get()
    return request is not None and await request.is_disconnected()


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
        """V1 bodies stay bytes, whatever their content type. Raises BadRequest for bad V2 ones."""
        if isinstance(body, bytes) and protocol_version == PredictorProtocol.REST_V1.value:
            return body, {}
        try:
            decoded: tuple[Any, dict[str, Any]] = super().decode(
                body, headers, protocol_version, model_name
            )
        except Exception as error:
            # KServe unpacks tensors before it has looked at them, so anything may go wrong.
            logger.info("not an Open Inference Protocol request: %r", error)
            raise BadRequest("The request is not one of the Open Inference Protocol.") from None
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
        request_id = logs.sane_request_id(Headers(scope=scope).get("x-request-id", ""))
        token = logs.request_id.set(request_id)
        _http_request.set(Request(scope, receive))

        answered = False

        async def send_with_id(message: Message) -> None:
            nonlocal answered
            answered = True
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            # Only uvicorn cancels requests: those that the grace period was too short for.
            if answered:
                raise
            stopping = _answer("The server is stopping.", 503, {"Retry-After": "1"})
            await stopping(scope, receive, send_with_id)
        except Exception:
            # Starlette answers a defect and raises it on, for servers that log nothing otherwise.
            if not answered:
                raise
        finally:
            logs.request_id.reset(token)


class Gate:
    """ASGI middleware: turns away what is not offered and bodies over the cap."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, its body counted as it is read."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif NOT_OFFERED.search(scope["path"]):
            await _answer("Not offered by this server.", 404)(scope, receive, send)
        elif _announced_bytes(scope) > self._max_body_bytes:
            await self._refuse(receive, send)
        else:
            await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Once the cap is passed the application sees a client that left, and is not heard."""
        left = self._max_body_bytes

        async def count() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            return message if left >= 0 else {"type": "http.disconnect"}

        async def send_if_heard(message: Message) -> None:
            if left >= 0:
                await send(message)

        await self.app(scope, count, send_if_heard)
        if left < 0:
            await self._refuse(receive, send)

    async def _refuse(self, receive: Receive, send: Send) -> None:
        """Answer 413 and close, but not at once: a reset would take the answer along."""
        error = PayloadTooLarge(self._max_body_bytes)
        answer = _answer(describe_error(error), error.status, {"Connection": "close"})
        start = {"type": "http.response.start", "status": error.status}
        await send({**start, "headers": answer.raw_headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                # What is still on its way is thrown away.
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body"})


def _announced_bytes(scope: Scope) -> int:
    announced = Headers(scope=scope).get("content-length", "0")
    return int(announced) if announced.isascii() and announced.isdigit() else 0


async def answer_serving_error(request: Request, error: Exception) -> Response:
    """`{"error": text}` with the error's own status."""
    assert isinstance(error, ServingError)
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    return _answer(describe_error(error), error.status, headers)


async def answer_kserve_error(request: Request, error: Exception) -> Response:
    """KServe's own text and status for what is no defect, without its traceback in the log."""
    status = EXPECTED_OF_KSERVE[type(error)]
    logger.info("answered %d: %s", status, error, extra={"status": status})
    return _answer(str(error), status)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Starlette's refusals, such as an unknown path or another method, as errors of ours."""
    assert isinstance(error, HTTPException)
    return _answer(error.detail, error.status_code, dict(error.headers or {}))


async def answer_invalid_v2(request: Request, error: Exception) -> Response:
    """A V2 body that is not of the protocol's form; FastAPI would repeat it whole."""
    logger.info("not an Open Inference Protocol request")
    return _answer("The request is not one of the Open Inference Protocol.", BadRequest.status)


async def answer_nobody(request: Request, error: Exception) -> Response:
    """The client left in the middle of its request."""
    return _answer("The client left.", CLIENT_LEFT)


async def answer_defect(request: Request, error: Exception) -> Response:
    """Whatever nobody expected."""
    return _answer(describe_defect(error), InternalError.status)


def _answer(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    body = orjson.dumps({"error": text})
    return Response(body, status, headers, media_type="application/json")


def describe_error(error: ServingError) -> str:
    """Log the error; returns the text for the client."""
    extra: dict[str, object] = {"status": error.status}
    if isinstance(error, InternalError):
        extra["details"] = error.details
    log = logger.warning if error.status >= 500 else logger.info
    log("answered %d: %s", error.status, error.message, extra=extra)
    return _internal_error_text() if isinstance(error, InternalError) else error.message


def describe_defect(error: Exception) -> str:
    """The traceback goes to the log, the request id to the client."""
    logger.error("a defect: %r", error, exc_info=error)
    return _internal_error_text()


def _internal_error_text() -> str:
    return f"Internal error. Please report it with this request id: {logs.request_id.get()}"


class _UvicornServer(uvicorn.Server):
    """Uvicorn without signal handlers: when to stop is decided by the server's lifecycle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class LiftwingRestServer(RESTServer):  # type: ignore[misc]
    """KServe's REST server with this project's middleware and error answers."""

    def __init__(
        self, data_plane: LiftwingDataPlane, http_port: int, max_body_bytes: int, **options: Any
    ) -> None:
        super().__init__("kserve.model_server:app", data_plane, None, http_port, **options)
        self._server = _UvicornServer(self.config)
        self._max_body_bytes = max_body_bytes

    @property
    def uvicorn(self) -> uvicorn.Server:
        """The server that `serve`s and whose `should_exit` stops it."""
        return self._server

    def create_application(self) -> None:
        """KServe's application inside our middleware, which so sees its defects' answers too."""
        super().create_application()
        self.config.app = RequestContext(Gate(model_server.app, self._max_body_bytes))

    def _add_middlewares(self, app: FastAPI) -> None:
        """None of KServe's, which logs two lines of timings for each request."""

    def _add_exception_handlers(self, app: FastAPI) -> None:
        super()._add_exception_handlers(app)
        for expected in EXPECTED_OF_KSERVE:
            app.add_exception_handler(expected, answer_kserve_error)
        app.add_exception_handler(HTTPException, answer_http_error)
        app.add_exception_handler(RequestValidationError, answer_invalid_v2)
        app.add_exception_handler(ClientDisconnect, answer_nobody)
        app.add_exception_handler(ServingError, answer_serving_error)
        app.add_exception_handler(Exception, answer_defect)
