"""Calls to MediaWiki, against a server that misbehaves on demand."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

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
from liftwing_serving.mediawiki import Api, Needs, Revision, Revisions, User, Wiki
from liftwing_serving.mediawiki.revisions import Account
from liftwing_serving.retries import RetryPolicy

NO_RETRIES = RetryPolicy(0, 0.0)
SECRET = "SECRET-OF-THE-UPSTREAM-BODY"


def revision_document(*rev_ids: int) -> dict[str, Any]:
    revisions = [
        {
            "revid": rev_id,
            "parentid": 0,
            "user": "Someone",
            "userid": 3,
            "timestamp": "2026-01-01T00:00:00Z",
            "size": 5,
            "comment": "why",
            "slots": {"main": {"contentmodel": "wikitext", "content": f"text of {rev_id}"}},
        }
        for rev_id in rev_ids
    ]
    page = {"pageid": 9, "ns": 0, "title": "Page", "revisions": revisions}
    return {"batchcomplete": True, "query": {"pages": [page]}}


@dataclass
class FakeApi:
    """Answers with what `answer` returns, and remembers the requests."""

    requests: list[web.Request] = field(default_factory=list)
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.answer:
            return await self.answer(request)
        ids = [int(text) for text in request.query.get("revids", "").split("|") if text]
        return web.json_response(revision_document(*ids))

    def always(self, **response: Any) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(**response)

        self.answer = answer


@pytest.fixture
async def api() -> FakeApi:
    return FakeApi()


def client(
    server: TestServer,
    session: aiohttp.ClientSession,
    host: str | None = None,
    timeout: float = 2.0,
    retries: RetryPolicy = NO_RETRIES,
) -> Revisions:
    return Revisions(Wiki(str(server.make_url("")), host), Api(session, timeout, retries))


async def failure(wiki: Revisions, seconds: float = 5.0) -> ServingError:
    with pytest.raises(ServingError) as caught:
        await wiki.revision(1, Deadline.after(seconds))
    return caught.value


async def test_a_query_is_the_one_http_caches_know(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    wiki = client(server, session)
    await asyncio.gather(*(wiki.revision(id_, Deadline.after(5)) for id_ in (7, 8)))
    assert api.requests[0].query_string == (
        "action=query&prop=revisions&revids=7%7C8"
        "&rvprop=ids%7Ctimestamp%7Cuser%7Cuserid%7Csize%7Ccomment%7Ccontent%7Ccontentmodel"
        "&rvslots=main&format=json&formatversion=2"
    ).replace("%7C", "|")


async def test_the_user_agent_names_the_service_and_a_contact(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    await client(server, session).revision(1, Deadline.after(5))
    agent = api.requests[0].headers["User-Agent"]
    assert agent.startswith("LiftWing") and "@" in agent and "https://" in agent


async def test_a_cookie_of_the_wiki_is_never_sent_back(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    async def set_cookie(request: web.Request) -> web.StreamResponse:
        response = web.json_response(revision_document(1))
        response.set_cookie("session", "of one caller")
        return response

    api.answer = set_cookie
    # Under a name: cookies of bare addresses are kept by no client.
    url = str(server.make_url("").with_host("localhost"))
    wiki = Revisions(Wiki(url), Api(session, 2.0, NO_RETRIES))
    for _ in range(3):
        assert await wiki.revision(1, Deadline.after(5)) is not None
    assert len(api.requests) == 3
    assert all("Cookie" not in request.headers for request in api.requests)


async def test_each_of_many_revisions_asked_for_together_is_the_one_of_its_id(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    wiki, dice = client(server, session), random.Random(1)
    for _ in range(40):
        rev_ids = dice.sample(range(1, 10_000), dice.randint(2, 60))
        found = await asyncio.gather(*(wiki.revision(id_, Deadline.after(60)) for id_ in rev_ids))
        assert [revision and (revision.rev_id, revision.text) for revision in found] == [
            (rev_id, f"text of {rev_id}") for rev_id in rev_ids
        ]
    assert len(api.requests) <= 2 * 40


async def test_each_of_many_users_asked_for_together_is_the_one_of_that_name(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    async def users(request: web.Request) -> web.StreamResponse:
        names = request.query["ususers"].split("|")
        users = [{"name": name, "editcount": int(name.split()[1])} for name in reversed(names)]
        return web.json_response({"query": {"users": users}})

    api.answer = users
    wiki, dice = client(server, session), random.Random(1)
    for _ in range(20):
        numbers = dice.sample(range(10_000), dice.randint(2, 60))
        found = await asyncio.gather(
            *(
                wiki.user(Account(f"User {number}", number), Deadline.after(60))
                for number in numbers
            )
        )
        assert [user and user.editcount for user in found] == numbers


@pytest.mark.parametrize("letter", ["x", "ж", "字"])
async def test_fifty_names_of_any_length_are_one_call_with_an_address_that_servers_take(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession, letter: str
) -> None:
    accounts = [Account(f"{letter * 83}{number:02}", number) for number in range(1, 51)]
    renamed, gone, unlisted = accounts[:3]

    async def users(request: web.Request) -> web.StreamResponse:
        if "ususers" in request.query:
            known = [{"name": name} for name in request.query["ususers"].split("|")]
            return web.json_response({"query": {"users": known}})
        ids = [int(text) for text in request.query["ususerids"].split("|")]
        names = {account.user_id: account.name for account in accounts}
        names[renamed.user_id] = "Someone else"
        users: list[dict[str, object]] = [
            {"userid": id_, "name": names[id_], "groups": ["*"], "editcount": id_}
            for id_ in reversed(ids)
            if id_ not in (gone.user_id, unlisted.user_id)
        ]
        users.append({"userid": gone.user_id, "missing": True})
        return web.json_response({"query": {"users": users}})

    api.answer = users
    wiki = client(server, session)
    found = await asyncio.gather(*(wiki.user(each, Deadline.after(60)) for each in accounts))
    (request,) = api.requests
    assert len(request.raw_path) < 7000
    if letter == "x":
        assert "ususerids" not in request.query
        return
    of_these = dict(zip(accounts, found))
    nothing = [of_these.pop(account) for account in (renamed, gone, unlisted)]
    assert nothing == [
        User(renamed.name, None, None, None, None),
        User(gone.name, None, None, None, None),
        None,
    ]
    for account, user in of_these.items():
        assert user == User(account.name, ["*"], None, account.user_id, None)


async def test_a_call_that_outlasts_the_deadline_is_ended(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    ended = asyncio.Event()

    async def never(request: web.Request) -> web.StreamResponse:
        try:
            await asyncio.sleep(60)
        finally:
            # The server of the tests cancels what nobody waits for any more.
            ended.set()
        return web.Response()

    api.answer = never
    started = time.monotonic()
    error = await failure(client(server, session, timeout=60), seconds=0.3)
    assert isinstance(error, DeadlineExceeded)
    assert 0.3 <= time.monotonic() - started < 10
    async with asyncio.timeout(10):
        await ended.wait()


async def test_fault_3_a_host_header_never_leaks_into_another_wikis_request(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    wikis = {
        "en.wikipedia.org": client(server, session, "en.wikipedia.org"),
        "de.wikipedia.org": client(server, session, "de.wikipedia.org"),
        f"127.0.0.1:{server.port}": client(server, session),
    }
    await asyncio.gather(
        *(
            wiki.revision(1000 * number + index, Deadline.after(5))
            for index, wiki in enumerate(wikis.values())
            for number in range(1, 30)
        )
    )
    names = list(wikis)
    for request in api.requests:
        hosts = {names[int(rev_id) % 1000] for rev_id in request.query["revids"].split("|")}
        assert hosts == {request.headers["Host"]}
    assert {request.headers["Host"] for request in api.requests} == set(wikis)
    assert "Host" not in session.headers


async def test_fault_2_the_timeout_of_the_settings_really_holds(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    api.answer = never
    started = time.monotonic()
    error = await failure(client(server, session, timeout=0.3))
    assert 0.25 < time.monotonic() - started < 15
    assert isinstance(error, UpstreamUnavailable)
    assert "0.3 seconds" in error.message


async def test_fault_2_the_timeout_holds_for_a_body_that_dribbles_in(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    async def dribble(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(300):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response

    api.answer = dribble
    started = time.monotonic()
    assert isinstance(await failure(client(server, session, timeout=0.3)), UpstreamUnavailable)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    "response",
    [
        {"text": f"<html>{SECRET}</html>", "content_type": "text/html"},
        {"text": f'{{"{SECRET}', "content_type": "application/json"},
        {"text": f'["{SECRET}"]', "content_type": "application/json"},
        {"text": ""},
        {"text": f'{{"query": {{"pages": "{SECRET}"}}}}'},
        {"text": f'{{"query": {{"pages": [{{"revisions": [{{"a": "{SECRET}"}}]}}]}}}}'},
        {"text": f'{{"error": {{"code": "badvalue", "info": "{SECRET}"}}}}'},
        {"text": f'{{"error": {{"code": "{SECRET} <b>"}}}}'},
        {"text": '{"error": "no object"}'},
        {"text": f'{{"error": {{"code": "internal_api_error_X", "info": "{SECRET}"}}}}'},
        {"status": 404, "text": SECRET},
        {"status": 403, "text": SECRET},
        {"status": 500, "text": SECRET},
        {"status": 302, "headers": {"Location": f"http://127.0.0.1:1/{SECRET}"}},
    ],
)
async def test_fault_4_an_unusable_answer_is_a_502_that_never_echoes_it(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession, response: dict[str, Any]
) -> None:
    api.always(**response)
    error = await failure(client(server, session))
    assert isinstance(error, UpstreamUnusable)
    assert error.status == 502
    assert SECRET not in error.message


async def test_an_answer_that_is_too_large_is_a_502(
    api: FakeApi,
    server: TestServer,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("liftwing_serving.mediawiki.api.MAX_ANSWER_BYTES", 1000)
    api.always(text='{"query": {"badrevids": {"1": {"revid": 1}}}}'.ljust(1001))
    error = await failure(client(server, session))
    assert isinstance(error, UpstreamUnusable)
    assert error.message == "MediaWiki's answer is too large."


@pytest.mark.parametrize(
    "response",
    [
        *({"status": status, "text": SECRET} for status in (429, 502, 503, 504)),
        *(
            {"text": f'{{"error": {{"code": "{code}"}}}}'}
            for code in ("maxlag", "ratelimited", "readonly")
        ),
    ],
)
async def test_a_busy_mediawiki_is_a_503_after_all_retries(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession, response: dict[str, Any]
) -> None:
    api.always(**response)
    error = await failure(client(server, session, retries=RetryPolicy(2, 0.01)))
    assert isinstance(error, UpstreamUnavailable)
    assert (error.status, error.retry_after) == (503, 1)
    assert len(api.requests) == 3


async def test_an_unreachable_mediawiki_is_a_503(session: aiohttp.ClientSession) -> None:
    wiki = Revisions(Wiki("http://127.0.0.1:1"), Api(session, 2.0, NO_RETRIES))
    error = await failure(wiki)
    assert isinstance(error, UpstreamUnavailable)
    assert "127.0.0.1" not in error.message


async def test_a_retry_that_succeeds_is_a_success(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    async def fail_once(request: web.Request) -> web.StreamResponse:
        if len(api.requests) == 1:
            return web.Response(status=503)
        return web.json_response(revision_document(1))

    api.answer = fail_once
    wiki = client(server, session, retries=RetryPolicy(2, 0.01))
    revision = await wiki.revision(1, Deadline.after(5))
    assert revision is not None and revision.text == "text of 1"


async def test_retry_after_is_honoured(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    api.always(status=429, headers={"Retry-After": "1"})
    started = time.monotonic()
    error = await failure(client(server, session, retries=RetryPolicy(1, 0.01)))
    assert time.monotonic() - started >= 1.0
    assert error.retry_after == 1


async def test_one_deadline_is_over_all_tries_and_waits(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    api.always(status=503, headers={"Retry-After": "60"})
    started = time.monotonic()
    error = await failure(client(server, session, retries=RetryPolicy(5, 0.2)), seconds=1.0)
    assert time.monotonic() - started < 30
    assert error.status == 503
    assert error.retry_after == 60


async def test_an_unknown_revision_is_none(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    api.always(text='{"batchcomplete":true,"query":{"badrevids":{"1":{"revid":1,"missing":true}}}}')
    assert await client(server, session).revision(1, Deadline.after(5)) is None


@pytest.mark.parametrize(
    "text", ["{}", '{"batchcomplete":true}', '{"query":{}}', '{"query":{"pages":[]}}']
)
async def test_an_answer_that_does_not_tell_of_a_revision_is_not_taken_for_its_absence(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession, text: str
) -> None:
    api.always(text=text)
    assert isinstance(await failure(client(server, session)), UpstreamUnusable)


async def test_an_answer_cut_short_is_continued(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    async def one_at_a_time(request: web.Request) -> web.StreamResponse:
        first, *rest = (int(text) for text in request.query["revids"].split("|"))
        document = revision_document(first)
        if rest:
            document["continue"] = {"rvcontinue": "x", "continue": "||"}
        return web.json_response(document)

    api.answer = one_at_a_time
    wiki = client(server, session)
    found = await asyncio.gather(*(wiki.revision(id_, Deadline.after(5)) for id_ in (1, 2, 3)))
    assert [revision and revision.rev_id for revision in found] == [1, 2, 3]


async def test_an_answer_that_never_gets_ahead_is_unusable(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    api.always(text='{"query": {}, "continue": {"rvcontinue": "x"}}')
    assert isinstance(await failure(client(server, session)), UpstreamUnusable)


async def test_a_user_is_found_by_exactly_his_name(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    api.always(text='{"query": {"users": [{"name": "Alice", "userid": 1, "groups": ["bot"]}]}}')
    wiki = client(server, session)
    alice, other = await asyncio.gather(
        wiki.user(Account("Alice", 1), Deadline.after(5)),
        wiki.user(Account("alice", 1), Deadline.after(5)),
    )
    assert alice is not None and alice.groups == ["bot"]
    assert other is None


def bad_answer(kind: str, rev_ids: list[int]) -> web.Response:
    """What MediaWiki may answer if the first revision is the one that it has trouble with."""
    document = revision_document(*rev_ids)
    revisions = document["query"]["pages"][0]["revisions"]
    if kind == "API error":
        return web.json_response({"error": {"code": "internal_api_error_X", "info": SECRET}})
    if kind == "status 500":
        return web.Response(status=500, text=SECRET)
    if kind == "none listed":
        return web.json_response({"batchcomplete": True, "query": {"pages": []}})
    if kind == "not listed":
        del revisions[0]
    if kind == "another type":
        revisions[0]["size"] = "large"
    return web.json_response(document)


@pytest.mark.parametrize(
    "kind", ["API error", "status 500", "none listed", "not listed", "another type"]
)
async def test_fault_21_one_revision_that_is_answered_badly_fails_nobody_else(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession, kind: str
) -> None:
    async def trouble_with_7(request: web.Request) -> web.StreamResponse:
        rev_ids = [int(text) for text in request.query["revids"].split("|")]
        if 7 in rev_ids:
            return bad_answer(kind, sorted(rev_ids, key=lambda rev_id: rev_id != 7))
        return web.json_response(revision_document(*rev_ids))

    api.answer = trouble_with_7
    wiki = client(server, session, retries=RetryPolicy(2, 0.01))
    rev_ids = list(range(1, 51))
    lookups = (wiki.revision(rev_id, Deadline.after(60)) for rev_id in rev_ids)
    found = dict(zip(rev_ids, await asyncio.gather(*lookups, return_exceptions=True)))
    trouble = found.pop(7)
    assert isinstance(trouble, UpstreamUnusable) and trouble.status == 502
    for rev_id, revision in found.items():
        assert isinstance(revision, Revision) and revision.rev_id == rev_id
    assert len(api.requests) <= 3 + 12


async def test_a_revision_whose_parent_the_wiki_does_not_tell_has_none(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession
) -> None:
    async def without_parent(request: web.Request) -> web.StreamResponse:
        document = revision_document(*map(int, request.query["revids"].split("|")))
        del document["query"]["pages"][0]["revisions"][0]["parentid"]
        return web.json_response(document)

    api.answer = without_parent
    needs = Needs(parent=True)
    documents = await client(server, session).documents(1, needs, Deadline.after(5))
    assert (documents.revision.parent_id, documents.parent) == (0, None)
    assert len(api.requests) == 1


@pytest.mark.parametrize("value", ["9" * 5000, "0" * 5000 + "7", "1e3", "-1", "", "soon", "²"])
async def test_whatever_stands_in_retry_after_the_answer_is_a_503(
    api: FakeApi, server: TestServer, session: aiohttp.ClientSession, value: str
) -> None:
    api.always(status=503, headers={"Retry-After": value})
    error = await failure(client(server, session))
    assert isinstance(error, UpstreamUnavailable)
    assert error.retry_after is not None and 1 <= error.retry_after <= 3600
