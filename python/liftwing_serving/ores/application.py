"""What happens to each request of the front: its id, its time, its answer, and what is counted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from aiohttp import web

from liftwing_serving import incoming, logs, metrics, server
from liftwing_serving.deadline import Deadline
from liftwing_serving.ores.connections import SERVER
from liftwing_serving.ores.failures import Failure
from liftwing_serving.ores.routes import Answered, Asked, Route, Routes, refused
from liftwing_serving.settings import ServerSettings

logger = logging.getLogger(__name__)
# Where ACCESS_LOG_LEVEL counts.
access = logging.getLogger("uvicorn.access")

# Requests under way; each takes a few kilobytes, and mostly waits for a model server.
MAX_REQUESTS = 4000
EXPOSED = "X-Request-Id, Retry-After"


class Application:
    """Answers requests from the routes."""

    def __init__(self, routes: Routes, settings: ServerSettings) -> None:
        self._routes = routes
        self._settings = settings
        self._origins = settings.cors_allowed_origins
        self._working: set[asyncio.Task[Answered]] = set()
        self._given_up = False

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request; whatever goes wrong is an answer, too."""
        began = time.monotonic()
        request_id = incoming.take_up(request.headers)
        label, answered = await self._answer(
            request, Deadline.of_request(self._settings.request_deadline_seconds)
        )
        metrics.count_front_request(label, answered.status, time.monotonic() - began)
        access.info("%s %s %d", request.method, request.raw_path, answered.status)
        headers = {**SERVER, "X-Request-Id": request_id, **answered.headers}
        headers |= self._cors(request.headers)
        return web.Response(status=answered.status, body=answered.body, headers=headers)

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return not self._working

    def give_up(self) -> None:
        """Answer what is under way with 503."""
        self._given_up = True
        for work in self._working:
            work.cancel()

    async def _answer(self, request: web.BaseRequest, until: Deadline) -> tuple[str, Answered]:
        """What metrics call the route, and the answer."""
        if request.method == "OPTIONS" and self._origins:
            return "options", Answered(204, headers=_preflight(request.headers))
        path, _, query = request.raw_path.partition("?")
        # Of paths that there are not, too.
        ores = "/scores" in path or "/v3/" in path
        label = "none"
        try:
            route, parts = self._routes.find(request.method, path)
            label, ores = route.label, route.ores
            if len(self._working) >= MAX_REQUESTS:
                raise Failure(503, "Too many requests are under way.", 1)
            return label, await self._work(request, route, parts, query, until)
        except Failure as failure:
            log = logger.warning if failure.status >= 500 else logger.info
            log("answered %d: %s", failure.status, failure.message)
            return label, refused(failure, ores)
        except Exception as error:
            logger.error("a defect: %r", error, exc_info=error)
            text = f"Internal error. Please report it with this request id: {logs.request_id.get()}"
            return label, refused(Failure(500, text), ores)

    async def _work(
        self,
        request: web.BaseRequest,
        route: Route,
        parts: Mapping[str, str],
        query: str,
        until: Deadline,
    ) -> Answered:
        """A route's answer, in a task of its own, which a stop can cancel. Raises Failure."""
        body = await self._body(request, until) if request.method == "POST" else None
        if body and self._settings.log_json_payload:
            logger.info("a request to %s", request.path, extra={"payload": server.loggable(body)})
        asked = Asked(parts, query, request.headers, body, until)
        work = asyncio.ensure_future(route.endpoint(asked))
        self._working.add(work)
        try:
            return await work
        except asyncio.CancelledError:
            if not self._given_up:
                raise
            raise Failure(503, "The server is stopping.", 1) from None
        finally:
            self._working.discard(work)

    async def _body(self, request: web.BaseRequest, until: Deadline) -> bytes:
        """Raises Failure for a body that is too large or too slow."""
        if (request.content_length or 0) > self._settings.max_body_bytes:
            raise self._too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(until.remaining()):
                async for piece in request.content.iter_any():
                    body += piece
                    if len(body) > self._settings.max_body_bytes:
                        raise self._too_large()
        except TimeoutError:
            raise Failure(408, "The request's body did not arrive in time.") from None
        return bytes(body)

    def _too_large(self) -> Failure:
        return Failure(
            413,
            f"The request is larger than MAX_BODY_BYTES, {self._settings.max_body_bytes} bytes.",
        )

    def _cors(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What tells a browser that the page may read the answer."""
        origin = headers.get("Origin")
        if origin is None or not self._origins:
            return {}
        if "*" in self._origins:
            return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
        if origin not in self._origins:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED,
            "Vary": "Origin",
        }


def _preflight(headers: Mapping[str, str]) -> dict[str, str]:
    """What a page may send; whether it may at all, the other headers say."""
    return {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": headers.get("Access-Control-Request-Headers", "*"),
        "Access-Control-Max-Age": "600",
    }
