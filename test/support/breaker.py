"""A server that keeps the contract until it is told which of its promises to break.

`python breaker.py FLAGS` serves one model, which makes its scores up, of revisions that are said to
be those up to 1000. From `/_break/NAME,NAME` on these are the breaches, from `/_break/` on none.
"""

from __future__ import annotations

import random
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol
from liftwing_serving import errors, logs, server
from liftwing_serving.deadline import Deadline
from liftwing_serving.revscoring import schemas
from liftwing_serving.revscoring.requests import ScoreRequest, score_request
from liftwing_serving.server import connections
from liftwing_serving.server.http import HttpServer
from liftwing_serving.settings import ServerSettings, load_settings
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from support import breaking
from support.breaches import BREACHES, over_grpc

WIKI, MODEL = "enwiki", "damaging"
LAST_REVISION = 1000
HEAD_BYTES = connections.MAX_HEAD_BYTES

present: set[str] = set()


class MadeUp(server.Servable[ScoreRequest]):
    """Scores of the revision's number."""

    platform = "dice"
    request_schema = schemas.REQUEST
    answer_schema = schemas.answer(WIKI, [MODEL])

    def read(self, fields: dict[str, Any]) -> ScoreRequest:
        return score_request(fields, WIKI, (MODEL,))

    async def answer(self, request: ScoreRequest, deadline: Deadline) -> dict[str, Any]:
        if request.rev_id > LAST_REVISION:
            raise errors.RevisionMissing(request.rev_id)
        true = random.Random(request.rev_id).random()
        probability = {"true": true, "false": 1 - true}
        told: dict[str, Any] = {"score": {"prediction": true > 0.5, "probability": probability}}
        if request.extended_output:
            told["features"] = {"feature.revision.chars": request.rev_id}
        scores = {str(request.rev_id): {MODEL: told}}
        return {WIKI: {"models": {MODEL: {"version": "1"}}, "scores": scores}}


class Breaker:
    """ASGI middleware: answers with the present breaches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        global present
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"].startswith("/_break/"):
            present = set(scope["path"].removeprefix("/_break/").split(","))
            unbounded = "has_no_cap_of_heads" in present
            connections.MAX_HEAD_BYTES = 1 << 30 if unbounded else HEAD_BYTES
            await Response("")(scope, receive, send)
        elif present & BREACHES.keys():
            several = [breach for name, breach in BREACHES.items() if name in present]
            await breaking.called(self.app, scope, receive, send, breaking.all_of(several))
        elif "waits_for_what_is_announced" in present:
            headers = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
            await self.app({**scope, "headers": headers}, receive, send)
        elif "waits_for_bodies" in present and (b"content-length", b"100") in scope["headers"]:
            while (await receive()).get("more_body"):
                pass
        else:
            await self.app(scope, receive, send)


class Interceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Answers calls with the present breaches."""

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], details: Any
    ) -> Any:
        """The method's handler, or one that changes what it answers."""
        method = details.method.rpartition("/")[2]
        for name in present & over_grpc.EXTRA.keys():
            if over_grpc.EXTRA[name] == method:
                return grpc.unary_unary_rpc_method_handler(_load, None, _serialized)
        handler = await continuation(details)
        for name in present & over_grpc.CHANGES.keys():
            of, change = over_grpc.CHANGES[name]
            if of == method:
                handler = handler._replace(unary_unary=_changed(handler.unary_unary, change))
        for name in present & over_grpc.CODES.keys():
            of, code, instead = over_grpc.CODES[name]
            if of == method:
                handler = handler._replace(unary_unary=_recoded(handler.unary_unary, code, instead))
        return handler


async def _load(request: bytes, context: Any) -> Any:
    return protocol.RepositoryModelLoadResponse()


def _serialized(message: Any) -> bytes:
    return bytes(message.SerializeToString())


def _changed(method: Any, change: Callable[[Any], object]) -> Any:
    async def answer(request: Any, context: Any) -> Any:
        message = await method(request, context)
        change(message)
        return message

    return answer


def _recoded(method: Any, code: str, instead: str) -> Any:
    class Context:
        """One that aborts with another code."""

        def __init__(self, context: Any) -> None:
            self._context = context

        def invocation_metadata(self) -> Any:
            return self._context.invocation_metadata()

        def time_remaining(self) -> Any:
            return self._context.time_remaining()

        async def abort(self, given: grpc.StatusCode, text: str) -> None:
            told = grpc.StatusCode[instead] if given.name == code else given
            await self._context.abort(told, text)

    async def answer(request: Any, context: Any) -> Any:
        return await method(request, Context(context))

    return answer


@asynccontextmanager
async def made_up(flags: Namespace) -> AsyncIterator[list[server.Servable[Any]]]:
    yield [MadeUp(f"{WIKI}-{MODEL}")]


def serve() -> None:
    """Serve until told to stop, the breaker before all that a server has."""
    create, make_server = HttpServer.create_application, grpc.aio.server

    def create_application(self: HttpServer) -> None:
        create(self)
        self.config.app = Breaker(self.config.app)

    def server_of(*arguments: Any, **options: Any) -> Any:
        return make_server(*arguments, **options, interceptors=[Interceptor()])

    HttpServer.create_application = create_application  # type: ignore[method-assign]
    grpc.aio.server = server_of
    settings = load_settings(ServerSettings)
    logs.configure("INFO", "INFO", "WARNING")
    server.run([f"{WIKI}-{MODEL}"], made_up, settings, sys.argv[1:])


if __name__ == "__main__":
    serve()
