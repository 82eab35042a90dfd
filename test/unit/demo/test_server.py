"""The API over HTTP, its knobs and its counts, and the process around them."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.server import make_app
from support.environment import environment

QUERY = {"action": "query", "format": "json", "prop": "revisions", "revids": "1000001"}
CONTENT = QUERY | {"rvprop": "ids|content", "rvslots": "main"}
Client = TestClient[Request, Application]


@pytest_asyncio.fixture
async def client(store: WikiStore) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(store))) as opened:
        yield opened


async def turn(client: Client, **knobs: Any) -> None:
    async with client.post("/_control/knobs", json=knobs) as response:
        assert response.status == 200


async def status_of(client: Client) -> int:
    async with client.get("/w/api.php", params=QUERY) as response:
        await response.read()
        return response.status


@pytest.mark.parametrize("path", ["/w/api.php", "/api.php"])
async def test_get_and_post_answer_the_same(client: Client, path: str) -> None:
    async with client.get(path, params=CONTENT) as got:
        by_get = await got.json()
    async with client.post(path, data=CONTENT) as posted:
        assert await posted.json() == by_get
    assert "pages" in by_get["query"]


async def test_answers_are_compressed_for_those_who_can_read_it(client: Client) -> None:
    for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
        headers = {"Accept-Encoding": accepted}
        async with client.get("/w/api.php", params=CONTENT, headers=headers) as response:
            assert response.headers.get("Content-Encoding") == encoding
            assert "query" in await response.json()


async def test_an_api_error_has_status_200_and_a_header(client: Client) -> None:
    async with client.get("/w/api.php", params=QUERY | {"revids": "x"}) as response:
        assert response.status == 200
        assert response.headers["MediaWiki-API-Error"] == "badinteger"


async def test_latency_delays_the_answer(client: Client) -> None:
    await turn(client, latency=0.2)
    start = time.monotonic()
    assert await status_of(client) == 200
    assert time.monotonic() - start >= 0.2


async def test_an_http_error_comes_with_its_pause(client: Client) -> None:
    await turn(client, error={"status": 503, "retry_after": 1})
    async with client.get("/w/api.php", params=QUERY) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "1")


async def test_an_api_error_may_be_switched_on(client: Client) -> None:
    await turn(client, error={"api": "maxlag", "retry_after": 5})
    async with client.get("/w/api.php", params=QUERY) as response:
        assert (await response.json())["error"]["code"] == "maxlag"
        assert response.headers["Retry-After"] == "5"


@pytest.mark.parametrize("malformed", [True, "html", "truncated", "empty"])
async def test_a_malformed_body_is_no_json(client: Client, malformed: Any) -> None:
    await turn(client, malformed=malformed)
    async with client.get("/w/api.php", params=QUERY) as response:
        assert response.status == 200
        with pytest.raises(ValueError):
            json.loads(await response.text())


async def test_a_slow_body_begins_at_once_and_ends_late(client: Client) -> None:
    await turn(client, slow_body=0.3)
    async with client.get("/w/api.php", params=CONTENT) as response:
        begun = time.monotonic()
        assert "query" in await response.json()
    assert time.monotonic() - begun >= 0.25


async def test_a_redirect_leads_elsewhere(client: Client) -> None:
    await turn(client, redirect=True)
    async with client.get("/w/api.php", params=QUERY, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "/elsewhere")


async def test_only_the_first_calls_fail(client: Client) -> None:
    await turn(client, error={"status": 500}, fail_first=2)
    assert [await status_of(client) for _ in range(4)] == [500, 500, 200, 200]


async def test_a_fraction_of_the_calls_fails_the_same_way_each_time(client: Client) -> None:
    runs = []
    for _ in range(2):
        await turn(client, error={"status": 500}, fraction=0.5)
        runs.append([await status_of(client) for _ in range(30)])
    assert runs[0] == runs[1]
    assert 5 < runs[0].count(500) < 25


async def test_turning_a_knob_turns_the_others_back(client: Client) -> None:
    await turn(client, error={"status": 500})
    await turn(client, latency=0.01)
    assert await status_of(client) == 200


async def test_resetting_the_knobs_ends_every_fault(client: Client) -> None:
    await turn(client, error={"status": 500})
    async with client.delete("/_control/knobs") as response:
        assert response.status == 200
    assert await status_of(client) == 200


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"latencies": 1}, "latencies"),
        ({"error": {"status": 500, "code": 1}}, "code"),
        ({"latency": -1}, "latency"),
        ({"latency": "1"}, "latency"),
        ({"malformed": "xml"}, "malformed"),
        ({"fraction": 2}, "fraction"),
        ({"fail_first": 1.5}, "fail_first"),
        ({"error": {}}, "error"),
        ([], "object"),
    ],
)
async def test_a_wrong_knob_is_named_and_changes_nothing(
    client: Client, body: Any, named: str
) -> None:
    await turn(client, error={"status": 500})
    async with client.post("/_control/knobs", json=body) as response:
        assert response.status == 400
        assert named in (await response.json())["error"]
    assert await status_of(client) == 500


async def test_calls_are_counted_by_what_and_whom(client: Client) -> None:
    headers = {"Host": "en.wikipedia.org", "User-Agent": "tester"}
    await client.get("/w/api.php", params=QUERY | {"revids": "7|8"}, headers=headers)
    users = {"action": "query", "list": "users", "ususers": "Ibex"}
    await client.post("/w/api.php", data=users, headers=headers)
    async with client.get("/_control/calls") as response:
        assert await response.json() == {
            "total": 2,
            "by_action": {"revisions": 1, "users": 1},
            "revids": [[7, 8]],
            "hosts": {"en.wikipedia.org": 2},
            "user_agents": {"tester": 2},
        }
    await client.delete("/_control/calls")
    async with client.get("/_control/calls") as response:
        assert (await response.json())["total"] == 0


async def test_calls_that_fail_are_counted_too(client: Client) -> None:
    await turn(client, error={"status": 500})
    await asyncio.gather(status_of(client), status_of(client))
    async with client.get("/_control/calls") as response:
        assert (await response.json())["total"] == 2


async def test_a_missing_page_of_the_server_is_a_404(client: Client) -> None:
    async with client.get("/elsewhere") as response:
        assert response.status == 404


def start(path: Path, port: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "liftwing_demo.wiki.server", "--db", str(path)]
    return subprocess.Popen(
        [*command, "--port", str(port)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def process(wiki_path: Path) -> Iterator[subprocess.Popen[str]]:
    with start(wiki_path) as running:
        yield running
        running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_with_0(
    process: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().startswith("wiki listening on http://127.0.0.1:")
    process.send_signal(number)
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, output, errors) == (0, "", "")


def test_a_taken_port_is_one_line_and_1(wiki_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(wiki_path, port)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (1, "")
    assert errors == f"port {port} of 127.0.0.1 is taken\n"


def test_a_file_that_is_no_wiki_is_one_line_and_1(tmp_path: Path) -> None:
    process = start(tmp_path / "absent.sqlite")
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors.count("\n")) == (1, "", 1)
    assert "absent.sqlite" in errors
