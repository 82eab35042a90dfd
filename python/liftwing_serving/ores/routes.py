"""The front's paths: which of them means what, and what is answered there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from liftwing_serving.deadline import Deadline
from liftwing_serving.ores import documents, queries
from liftwing_serving.ores.client import JSON
from liftwing_serving.ores.failures import Failure
from liftwing_serving.ores.forwarding import Forwarding
from liftwing_serving.ores.queries import Form
from liftwing_serving.ores.scores import Scores
from liftwing_serving.ores.spec import spec

# What clients of api.wikimedia.org have before each path, should no proxy take it away.
PREFIX = "/service/lw/inference"
FORM = "application/x-www-form-urlencoded"

# As ORES had them: whoever asks again wants to know anew.
NOT_STORED = {
    "Cache-Control": "no-store, no-cache, max-age=0",
    "Pragma": "no-cache",
    "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: the parts of its path that have names, and all the rest that matters."""

    parts: Mapping[str, str]
    query: str
    headers: Mapping[str, str]
    body: bytes | None
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Endpoint = Callable[[Asked], Awaitable[Answered]]


@dataclass(frozen=True, slots=True)
class Route:
    """Paths of one meaning. `label` is what metrics call it; `ores` says that its errors are told
    in ORES' form and not in that of KServe."""

    label: str
    pattern: re.Pattern[str]
    methods: tuple[str, ...]
    endpoint: Endpoint
    ores: bool = False


def without_prefix(path: str) -> str:
    """The path as the front knows it, with one slash before it."""
    return "/" + path.lstrip("/").removeprefix(PREFIX.lstrip("/") + "/")


class Routes:
    """All paths, and the endpoint of each. `ready` tells whether the front takes requests."""

    def __init__(self, scores: Scores, forwarding: Forwarding, ready: Callable[[], bool]) -> None:
        self._scores = scores
        self._forwarding = forwarding
        self._ready = ready
        both, get, post = ("GET", "POST"), ("GET",), ("POST",)
        self._routes = [
            self._route("predict", r"/v1/models/(?P<name>[^/:]+):predict", self._predict, post),
            self._route("infer", r"/v2/models/(?P<name>[^/]+)/infer", self._infer, post),
            # With ?spec, that is: without, the page answers /v3 before the front.
            self._ores("spec", r"/v3(/spec)?", self._spec, get),
            self._ores("v3", r"/v3/scores", self._v3_wikis, get),
            self._ores("precache", r"/v3/precache", self._precache, post),
            self._ores("v3", rf"/v3/scores/{_CONTEXT}(/{_REVISION}(/{_MODEL})?)?", self._v3, both),
            self._ores("v2", r"/v2/scores", self._v2_wikis, get),
            self._ores("v2", rf"/v2/scores/{_CONTEXT}(/{_MODEL}(/{_REVISION})?)?", self._v2, both),
            self._ores("v1", r"(/v1)?/scores", self._v1_wikis, get),
            self._ores(
                "v1", rf"(/v1)?/scores/{_CONTEXT}(/{_MODEL}(/{_REVISION})?)?", self._v1, both
            ),
            self._route("model", r"/v1/models/(?P<name>[^/:]+)(?P<after>/info)?", self._model, get),
            self._route(
                "model", r"/v2/models/(?P<name>[^/]+)(?P<after>/ready)?", self._model_v2, get
            ),
            self._route("models", r"/v1/models", self._models, get),
            self._route("live", r"/(v2/health/live)?", self._live, get),
            self._route("ready", r"/v2/health/ready", self._tell_ready, get),
            self._route("metrics", r"/metrics", self._metrics, get),
        ]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path, with the parts that have names. Raises Failure if there is none."""
        path = without_prefix(path)
        allowed: list[str] = []
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match:
                if ("GET" if method == "HEAD" else method) in route.methods:
                    return route, {k: v for k, v in match.groupdict().items() if v is not None}
                allowed += route.methods
        if allowed:
            raise Failure(405, "Method Not Allowed", allow=", ".join(allowed))
        raise Failure(404, "Not Found")

    @staticmethod
    def _route(
        label: str, pattern: str, endpoint: Endpoint, methods: tuple[str, ...], ores: bool = False
    ) -> Route:
        return Route(label, re.compile(pattern, re.ASCII), methods, endpoint, ores)

    def _ores(
        self, label: str, pattern: str, endpoint: Endpoint, methods: tuple[str, ...]
    ) -> Route:
        """With a slash at its end and without."""
        return self._route(label, f"{pattern}/?", endpoint, methods, ores=True)

    async def _predict(self, asked: Asked) -> Answered:
        return await self._forward("/v1/models/", ":predict", asked)

    async def _infer(self, asked: Asked) -> Answered:
        return await self._forward("/v2/models/", "/infer", asked)

    async def _model(self, asked: Asked) -> Answered:
        return await self._forward("/v1/models/", asked.parts.get("after", ""), asked)

    async def _model_v2(self, asked: Asked) -> Answered:
        return await self._forward("/v2/models/", asked.parts.get("after", ""), asked)

    async def _forward(self, before: str, after: str, asked: Asked) -> Answered:
        name, query = asked.parts["name"], f"?{asked.query}" if asked.query else ""
        passed = await self._forwarding.forward(
            before, name, after + query, asked.deadline, asked.body, asked.headers
        )
        return Answered(passed.status, passed.body, passed.headers)

    async def _models(self, asked: Asked) -> Answered:
        """The models of wikis. Others are there under their names, but no server tells of them."""
        wikis = await self._scores.directory.wikis(asked.deadline)
        names = [f"{wiki}-{kind}" for wiki, models in wikis.items() for kind in models]
        return _json({"models": names})

    async def _live(self, asked: Asked) -> Answered:
        return _json({"status": "alive"})

    async def _tell_ready(self, asked: Asked) -> Answered:
        return _json({"ready": True}) if self._ready() else _json({"ready": False}, 503)

    async def _metrics(self, asked: Asked) -> Answered:
        return Answered(200, generate_latest(), {"Content-Type": CONTENT_TYPE_LATEST})

    async def _spec(self, asked: Asked) -> Answered:
        return written(spec(), _form(asked))

    async def _v3_wikis(self, asked: Asked) -> Answered:
        wikis = await self._scores.directory.wikis(asked.deadline)
        return written(documents.v3_wikis(wikis), _form(asked))

    async def _v2_wikis(self, asked: Asked) -> Answered:
        wikis = await self._scores.directory.wikis(asked.deadline)
        return written(documents.v2_wikis(wikis), _form(asked))

    async def _v1_wikis(self, asked: Asked) -> Answered:
        wikis = await self._scores.directory.wikis(asked.deadline)
        return written(documents.v1_wikis(wikis), _form(asked))

    async def _v3(self, asked: Asked) -> Answered:
        query, form = _query(asked), _form(asked)
        answer = await self._scores.answer(query, asked.deadline)
        return written(documents.v3(query, answer), form)

    async def _v2(self, asked: Asked) -> Answered:
        query, form = _query(asked), _form(asked)
        answer = await self._scores.answer(query, asked.deadline)
        return written(documents.v2(query, answer), form)

    async def _v1(self, asked: Asked) -> Answered:
        query, form = _query(asked), _form(asked)
        answer = await self._scores.answer(query, asked.deadline)
        return written(documents.v1(query, answer, asked.parts.get("model")), form)

    async def _precache(self, asked: Asked) -> Answered:
        """Scores of an event's revision by all models of its wiki; nothing if there are none."""
        query = queries.read_event(asked.body or b"")
        form = queries.read_form(queries.parameters_in(asked.query))
        try:
            answer = await self._scores.answer(query, asked.deadline)
        except Failure as failure:
            if failure.status == 404:
                return Answered(204)
            raise
        return written(documents.v3(query, answer), form)


_CONTEXT = r"(?P<context>[A-Za-z0-9_-]+)"
_MODEL = r"(?P<model>[A-Za-z0-9_]+)"
_REVISION = r"(?P<revision>[0-9]{1,18})"


def refused(failure: Failure, ores: bool) -> Answered:
    """An error, as ORES told it or as KServe does."""
    document = failure.document() if ores else {"error": failure.message}
    answered = _json(document, failure.status)
    if failure.retry_after:
        answered.headers["Retry-After"] = str(failure.retry_after)
    if failure.allow:
        answered.headers["Allow"] = failure.allow
    if ores:
        answered.headers.update(NOT_STORED)
    return answered


def written(document: Any, form: Form) -> Answered:
    """A document of ORES' API as a client wants it written."""
    body = orjson.dumps(document, option=None if form.compact else orjson.OPT_INDENT_2)
    headers = {"Content-Type": JSON, **NOT_STORED}
    if form.callback is not None:
        # What begins with a comment is no file of another kind, and these two end lines in scripts.
        body = body.replace("\u2028".encode(), b"\\u2028").replace("\u2029".encode(), b"\\u2029")
        body = b"/**/%b(%b);" % (form.callback.encode(), body)
        headers["Content-Type"] = "application/javascript; charset=utf-8"
        headers["X-Content-Type-Options"] = "nosniff"
    return Answered(200, body, headers)


def _json(document: Any, status: int = 200) -> Answered:
    return Answered(status, orjson.dumps(document), {"Content-Type": JSON})


def _parameters(asked: Asked) -> queries.Parameters:
    body = b""
    if asked.body and asked.headers.get("Content-Type", FORM).startswith(FORM):
        body = asked.body
    return queries.parameters_in(asked.query, body.decode(errors="replace"))


def _query(asked: Asked) -> queries.Query:
    parts = asked.parts
    return queries.read_query(
        _parameters(asked), parts["context"], parts.get("model"), parts.get("revision")
    )


def _form(asked: Asked) -> Form:
    return queries.read_form(_parameters(asked))
