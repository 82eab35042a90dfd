"""Answers what a browser asks of the page, and leaves all else to the front."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

from liftwing_serving import incoming, logs, metrics
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import ServingError
from liftwing_serving.ores.connections import SERVER
from liftwing_serving.ores.failures import Failure
from liftwing_serving.ores.page import columns, documents, entries
from liftwing_serving.ores.page.addresses import address_of, root_of, threshold_in
from liftwing_serving.ores.page.assets import assets
from liftwing_serving.ores.page.diffs import Diffs
from liftwing_serving.ores.page.entries import Entered
from liftwing_serving.ores.page.feed import EVENTS, Feed
from liftwing_serving.ores.page.form import Tried, form_page
from liftwing_serving.ores.page.settings import PageSettings
from liftwing_serving.ores.page.versions import versions_page
from liftwing_serving.ores.routes import without_prefix
from liftwing_serving.ores.scores import Scores

logger = logging.getLogger(__name__)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

HTML = "text/html; charset=utf-8"
# Nothing but the page's own files, and no script within a document.
SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    **SERVER,
}
_DIFF = re.compile(r"/diff/(?P<wiki>[a-z][a-z0-9_]{1,63})/(?P<rev_id>[1-9][0-9]{0,17})/?", re.A)
_STATIC = "/static/"


class Page:
    """The page before a front, whose handler gets all other requests."""

    def __init__(
        self,
        front: Handler,
        scores: Scores,
        http: aiohttp.ClientSession,
        settings: PageSettings,
        deadline_seconds: float,
    ) -> None:
        self._front = front
        self._scores = scores
        self._deadline_seconds = deadline_seconds
        self._diffs = Diffs(http, settings)
        url = settings.score_stream_url
        self._feed = Feed(http, str(url)) if url is not None else None
        self._forms = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, or have the front answer it."""
        path = without_prefix(request.path)
        found = self._find(path, request)
        if found is None or request.method == "OPTIONS":
            return await self._front(request)
        label, answer = found
        began = time.monotonic()
        request_id = incoming.take_up(request.headers)

        def count(status: int) -> None:
            metrics.count_front_request(label, status, time.monotonic() - began)

        # Whoever wants no body would wait for its end.
        if label == "changes" and self._feed is not None and request.method == "GET":
            shown = columns.asked(request.query.get("models", ""))
            headers = SAFE | {"X-Request-Id": request_id}
            return await self._feed.stream(request, shown, headers, count)
        if request.method in ("GET", "HEAD"):
            response = await self._answered(request, answer)
        else:
            response = _sorry(request, f"There is no {request.method} of this page.", 405)
            response.headers["Allow"] = "GET, HEAD"
        response.headers["X-Request-Id"] = request_id
        count(response.status)
        return response

    @property
    def idle(self) -> bool:
        """Whether nobody waits for scores; a stream of changes has no end to wait for."""
        return not self._forms

    async def close(self) -> None:
        """End streams, and calls to wikis."""
        if self._feed is not None:
            await self._feed.close()
        await self._diffs.close()

    def _find(
        self, path: str, request: web.BaseRequest
    ) -> tuple[str, Callable[[web.BaseRequest], Awaitable[web.Response]]] | None:
        """What metrics call the path, and what answers; None if it is not the page's."""
        if path == "/":
            return "page", self._page
        if path == "/changes":
            return "changes", self._no_changes
        if path in ("/ui", "/ui/"):
            return "form", self._form
        # ORES' own page had the API's description beside it, for who adds this parameter.
        if path in ("/v3", "/v3/") and "spec" not in request.query:
            return "form", self._empty_form
        if path in ("/versions", "/versions/"):
            return "versions", self._versions
        match = _DIFF.fullmatch(path)
        if match:
            wiki, rev_id = match["wiki"], int(match["rev_id"])
            return "diff", lambda request: self._diff(request, wiki, rev_id)
        name = path.removeprefix(_STATIC)
        if path.startswith(_STATIC) and name in assets():
            return "static", lambda request: self._asset(request, name)
        return None

    async def _answered(
        self,
        request: web.BaseRequest,
        answer: Callable[[web.BaseRequest], Awaitable[web.Response]],
    ) -> web.Response:
        try:
            return await answer(request)
        except ServingError as error:
            logger.warning("the page could not be answered: %s", error)
            return _sorry(request, str(error), error.status)
        except Exception as error:
            logger.error("a defect: %r", error, exc_info=error)
            text = f"Internal error. Please report it with this id: {logs.request_id.get()}"
            return _sorry(request, text, 500)

    async def _page(self, request: web.BaseRequest) -> web.Response:
        until = Deadline.of_request(self._deadline_seconds)
        wikis = await self._models(until)
        if self._feed is None:
            return _html(documents.front_page(documents.Shown(wikis, ())))
        self._feed.look()
        changes = self._feed.changes
        known = {kind for models in wikis.values() for kind in models}
        told = {score.model for change in changes for score in change.told.scores}
        shown = documents.Shown(
            wikis,
            columns.chosen(known, told),
            list(changes),
            threshold_in(request.query.get("threshold", "")),
            changes.event_id(changes.number),
            followed=True,
        )
        return _html(documents.front_page(shown))

    async def _no_changes(self, request: web.BaseRequest) -> web.Response:
        if self._feed is not None:
            return web.Response(headers=SAFE | {"Content-Type": EVENTS})
        text = "This front follows no stream of score events."
        return _sorry(request, text, 404)

    async def _form(self, request: web.BaseRequest) -> web.Response:
        until = Deadline.of_request(self._deadline_seconds)
        tried = await self._try(entries.read(request.query), address_of(request), until)
        return await self._show(request, tried, until)

    async def _empty_form(self, request: web.BaseRequest) -> web.Response:
        until = Deadline.of_request(self._deadline_seconds)
        return await self._show(request, Tried(Entered(), address_of(request)), until)

    async def _try(self, entered: Entered, front: str, until: Deadline) -> Tried:
        """What comes of a form, if it was sent."""
        if not entered.sent:
            return Tried(entered, front)
        query = None
        self._forms += 1
        try:
            query = entries.query_of(entered)
            return Tried(entered, front, query, await self._scores.answer(query, until))
        except Failure as failure:
            return Tried(entered, front, query, failure=failure)
        finally:
            self._forms -= 1

    async def _show(self, request: web.BaseRequest, tried: Tried, until: Deadline) -> web.Response:
        wikis = await self._models(until)
        # The features of many revisions are long to write.
        text = await asyncio.to_thread(form_page, tried, wikis, root_of(request))
        failure = tried.failure
        response = _html(text, 200 if failure is None else failure.status)
        if failure is not None and failure.retry_after:
            response.headers["Retry-After"] = str(failure.retry_after)
        return response

    async def _versions(self, request: web.BaseRequest) -> web.Response:
        wikis = await self._models(Deadline.of_request(self._deadline_seconds))
        return _html(versions_page(wikis, root_of(request)))

    async def _models(self, until: Deadline) -> documents.Models:
        """The models behind the front, with their versions."""
        return {
            wiki: {kind: model.version for kind, model in models.items()}
            for wiki, models in (await self._scores.directory.wikis(until)).items()
        }

    async def _diff(self, request: web.BaseRequest, wiki: str, rev_id: int) -> web.Response:
        until = Deadline.of_request(self._deadline_seconds)
        diff = await self._diffs.diff(wiki, rev_id, until)
        if diff is None:
            return _sorry(request, f"There is no wiki {wiki}.", 404)
        status = 404 if diff.revision is None else 200
        # Long lines are long to write.
        if "part" in request.query:
            return _html(await asyncio.to_thread(documents.diff_part, diff), status)
        return _html(await asyncio.to_thread(documents.diff_page, diff, root_of(request)), status)

    async def _asset(self, request: web.BaseRequest, name: str) -> web.Response:
        asset = assets()[name]
        headers = SAFE | {"ETag": asset.etag, "Cache-Control": "no-cache"}
        if asset.is_known(request.headers.get("If-None-Match", "")):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = asset.content_type
        return web.Response(body=asset.body, headers=headers)


def _html(document: str, status: int = 200) -> web.Response:
    headers = SAFE | {"Content-Type": HTML, "Cache-Control": "no-store"}
    return web.Response(status=status, body=document.encode(), headers=headers)


def _sorry(request: web.BaseRequest, message: str, status: int) -> web.Response:
    return _html(documents.error_page(message, root_of(request)), status)
