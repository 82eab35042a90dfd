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


def answer(error: Exception) -> Response:
    """`{"error": text}` with the error's own status; of a defect the text is the request id."""
    if type(error) in EXPECTED_OF_KSERVE:
        return answer_with(_describe_kserve_error(error), EXPECTED_OF_KSERVE[type(error)])
    if isinstance(error, HTTPException):
        # Starlette's refusals, such as of an unknown path or method.
        return answer_with(error.detail, error.status_code, dict(error.headers or {}))
    if isinstance(error, ClientDisconnect):
        return answer_with("The client left.", CLIENT_LEFT)
    retry_after = error.retry_after if isinstance(error, ServingError) else None
    status, text = describe(error)
    return answer_with(text, status, {"Retry-After": str(retry_after)} if retry_after else None)


def add_handlers(app: FastAPI) -> None:
    """Have the application answer every error so."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer(error)

    for kind in (*EXPECTED_OF_KSERVE, HTTPException, ClientDisconnect, ServingError, Exception):
        app.add_exception_handler(kind, handle)


def grpc_error(error: Exception) -> tuple[StatusCode, str]:
    """The nearest of gRPC's codes, and the text for the client; logged as over HTTP."""
    if type(error) in EXPECTED_OF_KSERVE:
        return GRPC_STATUS[EXPECTED_OF_KSERVE[type(error)]], _describe_kserve_error(error)
    status, text = describe(error)
    return GRPC_STATUS[status], text


def _describe_kserve_error(error: Exception) -> str:
    status = EXPECTED_OF_KSERVE[type(error)]
    logger.info("answered %d: %s", status, error, extra={"status": status})
    return str(error)
