"""Asking for the items that an article links to, of a server that misbehaves on demand."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import (
    DeadlineExceeded,
    ServingError,
    UpstreamUnavailable,
    UpstreamUnusable,
)
from liftwing_serving.mediawiki import Api, Links, RevisionGone, Wiki
from liftwing_serving.mediawiki.links import Bounds, batches
from liftwing_serving.retries import RetryPolicy

SECRET = "SECRET-OF-THE-UPSTREAM-BODY"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def items(*numbers: int) -> dict[str, Any]:
    pages = [{"pageid": n, "ns": 0, "title": f"T{n}", "pageprops": item(n)} for n in numbers]
    return {"batchcomplete": True, "query": {"pages": pages}}


def item(number: int) -> dict[str, str]:
    return {"wikibase_item": f"Q{number}"}


def number_of(title: str) -> int:
    return int(title.removeprefix("T"))


@dataclass
class FakeApi:
    """A wiki in which the page Tn has the item Qn, and any revision links to `linked`.

    What `answer` returns takes the place of the items, and `everything` that of every answer.
    """

    linked: list[dict[str, Any]] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    answer: Answer | None = None
    everything: dict[str, Any] | None = None
    running: int = 0
    most_running: int = 0

    def links_to(self, *titles: str) -> None:
        self.linked = [{"ns": 0, "title": title, "exists": True} for title in titles]

    @property
    def batches(self) -> list[list[str]]:
        """The titles of each call, those of one article's items."""
        asked = [request.query.get("titles", "") for request in self.requests]
        return [titles.split("|") for titles in asked if titles]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await self._answer(request)
        finally:
            self.running -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.everything is not None:
            return web.json_response(self.everything)
        if request.query["action"] == "parse":
            return web.json_response({"parse": {"title": "A", "links": self.linked}})
        if self.answer:
            return await self.answer(request)
        return web.json_response(items(*map(number_of, request.query["titles"].split("|"))))

    def always(self, document: Any = None, **response: Any) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(**response) if response else web.json_response(document)

        self.answer = answer


@pytest.fixture
async def api() -> FakeApi:
    return FakeApi()


@dataclass
class Client:
    """Links of the fake wiki, within a generous deadline."""

    links: Links
    wiki: Wiki
    seconds: float = 60.0

    async def of_page(self, title: str | None = "A", page_id: int | None = None) -> list[str]:
        deadline = Deadline.after(self.seconds)
        return await self.links.of_page(self.wiki, title, page_id, deadline)

    async def of_revision(self, rev_id: int = 7) -> list[str]:
        return await self.links.of_revision(self.wiki, rev_id, Deadline.after(self.seconds))


@pytest.fixture
def client(server: TestServer, session: aiohttp.ClientSession) -> Client:
    api = Api(session, 30.0, RetryPolicy(0, 0.0))
    return Client(Links(api), Wiki(str(server.make_url("")), "en.wikipedia.org"))


def further(*numbers: int, place: Any) -> dict[str, Any]:
    return items(*numbers) | {"continue": {"gplcontinue": place, "continue": "gplcontinue||"}}


def in_turn(*documents: dict[str, Any]) -> Answer:
    """Each answer once, the last one again and again."""
    left = list(documents)

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(left.pop(0) if len(left) > 1 else left[0])

    return answer


async def test_a_query_by_title_is_the_one_http_caches_know(api: FakeApi, client: Client) -> None:
    api.always(items(3))
    assert await client.of_page("Ångström & co") == ["Q3"]
    (request,) = api.requests
    assert request.query["titles"] == "Ångström & co"
    assert list(request.query) == [
        *("action", "generator", "titles", "redirects", "gplnamespace", "gpllimit"),
        *("prop", "ppprop", "format", "formatversion"),
    ]
    asked = {name: request.query[name] for name in ("generator", "gpllimit", "prop", "ppprop")}
    assert asked == {
        "generator": "links",
        "gpllimit": "max",
        "prop": "pageprops",
        "ppprop": "wikibase_item",
    }
    assert (request.query["redirects"], request.query["gplnamespace"]) == ("1", "0")
    assert request.headers["Host"] == "en.wikipedia.org"


async def test_a_page_may_be_named_by_its_id(api: FakeApi, client: Client) -> None:
    api.always(items(3))
    assert await client.of_page(None, 12) == ["Q3"]
    (request,) = api.requests
    assert request.query["pageids"] == "12" and "titles" not in request.query


@pytest.mark.parametrize("title", ["A|B", "\x1fA\x1fB", "A\x1fB"])
async def test_a_title_never_stands_for_several(api: FakeApi, client: Client, title: str) -> None:
    """MediaWiki would part it there, and no page has such a title."""
    api.always(items(3))
    assert await client.of_page(title) == []
    assert api.requests == []


@pytest.mark.parametrize(
    "document",
    [
        {"batchcomplete": True},
        {"batchcomplete": True, "query": {}},
        {"query": {"pages": [{"ns": 0, "title": "A", "missing": True}]}},
        {"query": {"pages": [{"pageid": 3, "ns": 0, "title": "T3"}]}},
        {"query": {"pages": [{"pageid": 3, "ns": 0, "title": "T3", "pageprops": {}}]}},
    ],
)
async def test_a_page_without_links_or_items_has_none(
    api: FakeApi, client: Client, document: dict[str, Any]
) -> None:
    api.always(document)
    assert await client.of_page() == []


async def test_links_are_continued_with_all_that_mediawiki_says(
    api: FakeApi, client: Client
) -> None:
    api.answer = in_turn(further(1, 2, place="5|0|B"), further(3, place=4), items(4))
    assert await client.of_page() == ["Q1", "Q2", "Q3", "Q4"]
    places = [request.query.get("gplcontinue") for request in api.requests]
    assert places == [None, "5|0|B", "4"]
    assert all(request.query["continue"] == "gplcontinue||" for request in api.requests[1:])
    assert {request.query["titles"] for request in api.requests} == {"A"}


async def test_an_item_that_comes_again_counts_once(api: FakeApi, client: Client) -> None:
    api.answer = in_turn(further(5, 1, 5, place="x"), items(1, 5, 2))
    assert await client.of_page() == ["Q5", "Q1", "Q2"]


async def test_no_more_is_asked_for_than_a_thousand_items(api: FakeApi, client: Client) -> None:
    pages = [further(*range(start, start + 500), place=str(start)) for start in (1, 501, 1001)]
    api.answer = in_turn(*pages)
    assert await client.of_page() == [f"Q{number}" for number in range(1, 1001)]
    assert len(api.requests) == 2


async def test_a_thousand_items_are_cut_off_within_an_answer(api: FakeApi, client: Client) -> None:
    api.answer = in_turn(further(*range(1, 701), place="x"), items(*range(600, 1400)))
    assert await client.of_page() == [f"Q{number}" for number in range(1, 1001)]


@pytest.mark.parametrize("places", [["x", "x"], ["x", "y", "x"]])
async def test_an_answer_that_never_gets_ahead_is_unusable(
    api: FakeApi, client: Client, places: list[str]
) -> None:
    api.answer = in_turn(*(further(1, place=place) for place in places))
    with pytest.raises(UpstreamUnusable, match="does not go on"):
        await client.of_page()
    assert len(api.requests) == len(places)


async def test_continuing_without_end_ends_with_the_deadline(api: FakeApi, client: Client) -> None:
    async def another_place(request: web.Request) -> web.StreamResponse:
        return web.json_response(further(1, place=str(len(api.requests))))

    api.answer = another_place
    client.seconds = 1.0
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await client.of_page()
    assert 0.9 <= time.monotonic() - started < 20


async def test_a_revisions_titles_are_asked_for_in_full_calls(api: FakeApi, client: Client) -> None:
    api.links_to(*(f"T{number}" for number in range(1, 121)))
    found = await client.of_revision(77)
    assert sorted(found) == sorted(f"Q{number}" for number in range(1, 121))
    parse = api.requests[0].query
    assert list(parse.items()) == [
        *(("action", "parse"), ("oldid", "77"), ("prop", "links")),
        *(("format", "json"), ("formatversion", "2")),
    ]
    assert sorted(map(len, api.batches)) == [20, 50, 50]
    assert all(request.query["redirects"] == "1" for request in api.requests[1:])
    assert {request.query["ppprop"] for request in api.requests[1:]} == {"wikibase_item"}


async def test_the_items_are_in_the_order_of_the_links(api: FakeApi, client: Client) -> None:
    """Although the first calls are the last to return."""

    async def later_ones_first(request: web.Request) -> web.StreamResponse:
        numbers = [number_of(title) for title in request.query["titles"].split("|")]
        await asyncio.sleep(0.3 if numbers[0] == 1 else 0)
        return web.json_response(items(*numbers))

    api.answer = later_ones_first
    api.links_to(*(f"T{number}" for number in range(1, 121)))
    assert await client.of_revision() == [f"Q{number}" for number in range(1, 121)]


async def test_only_existing_articles_are_asked_for(api: FakeApi, client: Client) -> None:
    api.linked = [
        {"ns": 0, "title": "T1", "exists": True},
        {"ns": 0, "title": "T2", "exists": False},
        {"ns": 0, "title": "T3"},
        {"ns": 10, "title": "Template:T4", "exists": True},
        {"ns": 1, "title": "Talk:T5", "exists": True},
        {"ns": 0, "title": "T6", "exists": True},
    ]
    assert await client.of_revision() == ["Q1", "Q6"]
    assert api.batches == [["T1", "T6"]]


async def test_a_revision_without_links_costs_one_call(api: FakeApi, client: Client) -> None:
    assert await client.of_revision() == []
    assert len(api.requests) == 1


async def test_a_revisions_items_that_come_again_count_once(api: FakeApi, client: Client) -> None:
    api.always(items(8, 9, 8))
    api.links_to(*(f"T{number}" for number in range(1, 121)))
    assert await client.of_revision() == ["Q8", "Q9"]


async def test_of_a_revision_no_more_titles_are_asked_for_than_make_a_thousand_items(
    api: FakeApi, client: Client
) -> None:
    api.links_to(*(f"T{number}" for number in range(1, 3001)))
    assert await client.of_revision() == [f"Q{number}" for number in range(1, 1001)]
    assert sum(map(len, api.batches)) == 1000


async def test_titles_without_items_are_made_up_for(api: FakeApi, client: Client) -> None:
    async def even_ones(request: web.Request) -> web.StreamResponse:
        numbers = map(number_of, request.query["titles"].split("|"))
        return web.json_response(items(*(number for number in numbers if not number % 2)))

    api.answer = even_ones
    api.links_to(*(f"T{number}" for number in range(1, 2601)))
    assert await client.of_revision() == [f"Q{number}" for number in range(2, 2001, 2)]
    assert sum(map(len, api.batches)) <= 2100


async def test_long_titles_are_asked_for_in_shorter_calls(api: FakeApi, client: Client) -> None:
    """A title has up to 255 bytes, each of which is three in an address."""
    titles = [f"{'й' * 120}{number:03}" for number in range(60)]
    api.always(items(1))
    api.links_to(*titles)
    await client.of_revision()
    assert sorted(title for batch in api.batches for title in batch) == titles
    for request in api.requests[1:]:
        assert len(quote(request.query["titles"])) <= 6000
        assert len(request.raw_path) < 8000
    assert len(api.batches) == 8


def test_batches_are_bounded_by_count_and_by_encoded_bytes() -> None:
    bounds = Bounds(titles=3, url_bytes=40)
    assert list(batches([], bounds)) == []
    assert list(batches(list("abcdefg"), bounds)) == [list("abc"), list("def"), ["g"]]
    # Nine and twelve bytes, and three for what parts it from the one before.
    assert list(batches(["日", "日日", "日", "x"], bounds)) == [["日", "日日"], ["日", "x"]]
    assert list(batches(["a", "日" * 20, "b"], bounds)) == [["a"], ["日" * 20], ["b"]]


async def test_calls_go_side_by_side_but_not_all_at_once(
    session: aiohttp.ClientSession, api: FakeApi, server: TestServer, client: Client
) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.json_response(items(*map(number_of, request.query["titles"].split("|"))))

    api.answer = slow
    api.links_to(*(f"T{number}" for number in range(1, 951)))
    links = Links(Api(session, 30.0, RetryPolicy(0, 0.0)), Bounds(parallel=5))
    found = await links.of_revision(client.wiki, 7, Deadline.after(60))
    assert len(found) == 950 and len(api.batches) == 19
    assert api.most_running == 5


async def test_one_failing_call_ends_the_others_and_is_the_error(
    api: FakeApi, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[str] = []

    async def one_fails(request: web.Request) -> web.StreamResponse:
        if request.query["titles"].startswith("T51|"):
            # Once the others are under way.
            while api.running < 4:
                await asyncio.sleep(0.01)
            return web.json_response({"error": {"code": "badvalue", "info": SECRET}})
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(request.query["titles"])
        return web.Response()

    api.answer = one_fails
    api.links_to(*(f"T{number}" for number in range(1, 201)))
    started = time.monotonic()
    with pytest.raises(ServingError) as caught:
        await client.of_revision()
    assert type(caught.value) is UpstreamUnusable and caught.value.code == "badvalue"
    async with asyncio.timeout(20):
        while len(ended) < 3:
            await asyncio.sleep(0.01)
    assert time.monotonic() - started < 30
    with caplog.at_level(logging.ERROR):
        gc.collect()
        await asyncio.sleep(0)
    assert not caplog.records


async def test_a_request_that_is_given_up_ends_its_calls(api: FakeApi, client: Client) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    api.answer = never
    api.links_to(*(f"T{number}" for number in range(1, 201)))
    request = asyncio.ensure_future(client.of_revision())
    async with asyncio.timeout(20):
        while api.running < 4:
            await asyncio.sleep(0.01)
        request.cancel()
        while api.running:
            await asyncio.sleep(0.01)
    assert request.cancelled() or request.done()


@pytest.mark.parametrize("code", ["nosuchrevid", "permissiondenied", "missingcontent-revid"])
async def test_a_revision_that_is_not_shown_is_gone(
    api: FakeApi, client: Client, code: str
) -> None:
    with_error(api, {"code": code, "info": SECRET})
    with pytest.raises(RevisionGone) as caught:
        await client.of_revision()
    assert caught.value.code == code
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("code", ["badvalue", "internal_api_error_X", "<b>", "unknown_action"])
async def test_other_api_errors_are_a_502(api: FakeApi, client: Client, code: str) -> None:
    with_error(api, {"code": code, "info": SECRET})
    for ask in (client.of_revision, client.of_page):
        with pytest.raises(UpstreamUnusable) as caught:
            await ask()
        assert caught.value.status == 502
        assert SECRET not in caught.value.message and "<" not in caught.value.message


@pytest.mark.parametrize("code", ["maxlag", "ratelimited", "readonly"])
async def test_api_errors_that_pass_are_a_503(api: FakeApi, client: Client, code: str) -> None:
    with_error(api, {"code": code})
    for ask in (client.of_revision, client.of_page):
        with pytest.raises(UpstreamUnavailable):
            await ask()


def with_error(api: FakeApi, error: dict[str, str]) -> None:
    """Every call is answered so."""
    api.everything = {"error": error}


MALFORMED = [
    {"query": []},
    {"query": {"pages": {"5": {}}}},
    {"query": {"pages": [7]}},
    {"query": {"pages": [{"pageprops": {"wikibase_item": 5}}]}},
    {"query": {"pages": [{"pageprops": []}]}},
    {"query": {"pages": []}, "continue": "on"},
    {"query": {"pages": []}, "continue": {"gplcontinue": ["x"]}},
    {"parse": SECRET},
    {"parse": {"title": "A"}},
    {"parse": {"links": {"a": SECRET}}},
    {"parse": {"links": [{"title": SECRET}]}},
    {"parse": {"links": [{"ns": "0", "title": SECRET, "exists": True}]}},
    {"parse": {"links": [{"ns": 0, "title": 5, "exists": True}]}},
    {"parse": {"links": [{"ns": 0, "title": "A", "exists": SECRET}]}},
]


@pytest.mark.parametrize("document", MALFORMED)
async def test_a_malformed_answer_is_a_502_that_never_echoes_it(
    api: FakeApi, client: Client, document: dict[str, Any]
) -> None:
    api.everything = document
    ask = client.of_revision if "parse" in document else client.of_page
    with pytest.raises(UpstreamUnusable) as caught:
        await ask()
    assert SECRET not in caught.value.message


async def test_a_malformed_answer_among_many_is_a_502(api: FakeApi, client: Client) -> None:
    api.links_to(*(f"T{number}" for number in range(1, 121)))
    api.always({"query": {"pages": [{"pageprops": SECRET}]}})
    with pytest.raises(UpstreamUnusable) as caught:
        await client.of_revision()
    assert SECRET not in caught.value.message


async def test_one_deadline_is_over_all_calls(api: FakeApi, client: Client) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.4)
        return web.json_response(further(1, place=str(len(api.requests))))

    api.answer = slow
    client.seconds = 1.0
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await client.of_page()
    assert time.monotonic() - started < 20
    assert 2 <= len(api.requests) <= 3
