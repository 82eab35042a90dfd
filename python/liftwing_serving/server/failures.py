"""Turns errors into answers of HTTP and of gRPC, with the same texts and each one's own codes."""

from __future__ import annotations

import logging

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response
from grpc import StatusCode
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady, ServerNotReady
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from liftwing_serving import logs
from liftwing_serving.errors import InternalError, ServingError

logger = logging.getLogger(__name__)

# For the metrics only: nobody is there to read the answer.
CLIENT_LEFT = 499

EXPECTED_OF_KSERVE: dict[type[Exception], int] = {
    InvalidInput: 400,
    ModelNotFound: 404,
    ModelNotReady: 503,
    ServerNotReady: 503,
}

# https://grpc.io/docs/guides/status-codes/
GRPC_STATUS = {
    400: StatusCode.INVALID_ARGUMENT,
    404: StatusCode.NOT_FOUND,
    413: StatusCode.RESOURCE_EXHAUSTED,
    429: StatusCode.RESOURCE_EXHAUSTED,
    500: StatusCode.INTERNAL,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
}


def answer_with(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """`{"error": text}` as an HTTP answer."""
    body = orjson.dumps({"error": text})
    return Response(body, status, headers, media_type="application/json")


def told_of(error: Exception) -> tuple[int, str]:
    """The status and the text for the client; of a defect that is the request id."""
    if isinstance(error, ServingError) and not isinstance(error, InternalError):
        return error.status, error.message
    request_id = logs.request_id.get()
    text = f"Internal error. Please report it with this request id: {request_id}"
    return InternalError.status, text


def describe(error: Exception) -> tuple[int, str]:
    """Log the error, a defect with its traceback; returns status and text for the client."""
    status, text = told_of(error)
    if isinstance(error, ServingError):
        extra: dict[str, object] = {"status": status}
        if isinstance(error, InternalError):
            extra["details"] = error.details
        log = logger.warning if status >= 500 else logger.info
        log("answered %d: %s", status, error.message, extra=extra)
    else:
        logger.error("a defect: %r", error, exc_info=error)
    return status, text


def add_handlers(app: FastAPI) -> None:
    """Have the application answer every error as `{"error": text}`."""
    for expected in EXPECTED_OF_KSERVE:
        app.add_exception_handler(expected, _answer_kserve_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(ServingError, _answer_serving_error)
    app.add_exception_handler(Exception, _answer_defect)


def grpc_error(error: Exception) -> tuple[StatusCode, str]:
    """The nearest of gRPC's codes, and the text for the client; logged as over HTTP."""
    if type(error) in EXPECTED_OF_KSERVE:
        return GRPC_STATUS[EXPECTED_OF_KSERVE[type(error)]], _describe_kserve_error(error)
    status, text = describe(error)
    return GRPC_STATUS[status], text


async def _answer_serving_error(request: Request, error: Exception) -> Response:
    """`{"error": text}` with the error's own status."""
    assert isinstance(error, ServingError)
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    status, text = describe(error)
    return answer_with(text, status, headers)


async def _answer_kserve_error(request: Request, error: Exception) -> Response:
    """KServe's own text and status for what is no defect, without its traceback in the log."""
    return answer_with(_describe_kserve_error(error), EXPECTED_OF_KSERVE[type(error)])


async def _answer_http_error(request: Request, error: Exception) -> Response:
    """Starlette's refusals, such as of an unknown path or method, in the form of our errors."""
    assert isinstance(error, HTTPException)
    return answer_with(error.detail, error.status_code, dict(error.headers or {}))


async def _answer_nobody(request: Request, error: Exception) -> Response:
    """The client left in the middle of its request."""
    return answer_with("The client left.", CLIENT_LEFT)


async def _answer_defect(request: Request, error: Exception) -> Response:
    """Any other exception."""
    status, text = describe(error)
    return answer_with(text, status)


def _describe_kserve_error(error: Exception) -> str:
    status = EXPECTED_OF_KSERVE[type(error)]
    logger.info("answered %d: %s", status, error, extra={"status": status})
    return str(error)
