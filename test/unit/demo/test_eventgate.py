"""The demo EventGate: what it takes, what it refuses, how it fails, and the process around it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from liftwing_demo.eventgate.checks import schema_check
from liftwing_demo.eventgate.server import make_app
from support.environment import environment
from support.events import page_change, revision_create, schemas_folder

Client = TestClient[Request, Application]
SCHEMA = """
$id: /test/thing/1.1.0
type: object
additionalProperties: false
required: [$schema, meta, dt]
properties:
  $schema: {type: string}
  meta: {type: object}
  dt: {type: string, format: date-time}
  name: {type: string}
"""


def event(number: int = 1, **fields: Any) -> dict[str, Any]:
    meta = {"stream": "test", "id": f"id-{number}"}
    return {"$schema": "/test/thing/1.1.0", "dt": "2024-01-01T00:00:00Z", "meta": meta} | fields


@pytest.fixture
def shown() -> list[Any]:
    return []


@pytest_asyncio.fixture
async def client(shown: list[Any]) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(show=shown.append))) as opened:
        yield opened


async def turn(client: Client, **knobs: Any) -> None:
    async with client.post("/_control/knobs", json=knobs) as response:
        assert response.status == 200


async def post(client: Client, body: Any, path: str = "/v1/events") -> tuple[int, Any]:
    async with client.post(path, json=body) as response:
        text = await response.text()
        return response.status, json.loads(text) if text.startswith("{") else text


async def control(client: Client, what: str) -> dict[str, Any]:
    async with client.get(f"/_control/{what}") as response:
        document: dict[str, Any] = await response.json()
        return document


async def accepted_ids(client: Client) -> list[str]:
    return [one["meta"]["id"] for one in (await control(client, "events"))["events"]]


@pytest.mark.parametrize("path", ["/v1/events", "/"])
async def test_an_event_and_an_array_of_events_are_taken(client: Client, path: str) -> None:
    assert await post(client, event(1), path) == (201, "")
    assert await post(client, [event(2), event(3)], path) == (201, "")
    assert await accepted_ids(client) == ["id-1", "id-2", "id-3"]


async def test_who_is_in_a_hurry_is_told_nothing(client: Client) -> None:
    assert await post(client, [{}, event(1)], "/v1/events?hasty=true") == (202, "")
    assert await accepted_ids(client) == ["id-1"]


@pytest.mark.parametrize("body", [b"", b"{", b"7", b'"x"', b"[]", b"{}", b"\xff", b"null"])
async def test_a_body_without_events_is_refused(client: Client, body: bytes) -> None:
    async with client.post("/v1/events", data=body) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (7, "object"),
        (event(**{"$schema": 1}), ".$schema"),
        (event(meta={}), ".meta.stream"),
        (event(meta="x"), ".meta.stream"),
        (event(dt="yesterday"), ".dt"),
        (event(dt="2024-02-30T00:00:00Z"), ".dt"),
    ],
)
async def test_an_event_without_the_essentials_is_invalid(
    client: Client, wrong: Any, named: str
) -> None:
    status, answer = await post(client, [wrong])
    assert (status, answer["error"]) == (400, [])
    assert answer["invalid"][0]["event"] == wrong
    assert named in answer["invalid"][0]["context"]["message"]


async def test_some_accepted_is_a_207_that_names_the_others(client: Client) -> None:
    status, answer = await post(client, [event(1), event(2, dt=None), event(3)])
    assert status == 207
    assert [entry["event"]["meta"]["id"] for entry in answer["invalid"]] == ["id-2"]
    assert await accepted_ids(client) == ["id-1", "id-3"]


async def test_a_status_is_answered_and_nothing_taken(client: Client) -> None:
    await turn(client, status=503)
    assert await post(client, event()) == (503, "")
    assert await accepted_ids(client) == []


async def test_every_event_may_be_called_invalid(client: Client) -> None:
    await turn(client, invalid=True)
    status, answer = await post(client, [event(1), event(2)])
    assert (status, len(answer["invalid"])) == (400, 2)


@pytest.mark.parametrize(("knob", "name"), [(True, "error"), ("invalid", "invalid")])
async def test_every_second_event_may_fail(client: Client, knob: Any, name: str) -> None:
    await turn(client, partial=knob)
    status, answer = await post(client, [event(number) for number in range(4)])
    assert status == 207
    assert [entry["event"]["meta"]["id"] for entry in answer[name]] == ["id-1", "id-3"]
    assert (await post(client, event(1)))[0] == 201


async def test_nothing_accepted_and_something_failed_is_a_500(client: Client) -> None:
    await turn(client, partial="error")
    status, answer = await post(client, [{}, event(1)])
    assert (status, len(answer["invalid"]), len(answer["error"])) == (500, 1, 1)


async def test_latency_delays_the_answer_but_not_the_event(client: Client) -> None:
    await turn(client, latency=0.2)
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        await client.post("/v1/events", json=event(1), timeout=aiohttp.ClientTimeout(total=0.05))
    assert await accepted_ids(client) == ["id-1"]
    assert (await post(client, event(2)))[0] == 201
    assert time.monotonic() - start >= 0.2


async def test_only_the_first_calls_or_a_fraction_fail(client: Client) -> None:
    await turn(client, status=500, fail_first=2)
    assert [(await post(client, event()))[0] for _ in range(4)] == [500, 500, 201, 201]
    await turn(client, status=500, fraction=0.5)
    statuses = [(await post(client, event()))[0] for _ in range(30)]
    assert 5 < statuses.count(500) < 25


async def test_resetting_the_knobs_ends_every_fault(client: Client) -> None:
    await turn(client, status=500)
    await client.delete("/_control/knobs")
    assert (await post(client, event()))[0] == 201


@pytest.mark.parametrize(
    ("body", "named"),
    [({"state": 1}, "state"), ({"status": 99}, "status"), ({"partial": "all"}, "partial")]
    + [({"invalid": 1}, "invalid"), ({"latency": -1}, "latency"), ([], "object")],
)
async def test_a_wrong_knob_is_named(client: Client, body: Any, named: str) -> None:
    async with client.post("/_control/knobs", json=body) as response:
        assert response.status == 400
        assert named in (await response.json())["error"]


async def test_calls_are_counted(client: Client) -> None:
    headers = {"User-Agent": "tester", "Content-Type": "application/json"}
    body = json.dumps([event(1), {}])
    await client.post("/v1/events", data=body, headers=headers)
    await turn(client, status=500)
    await client.post("/v1/events", data=body, headers=headers)
    assert await control(client, "calls") == {
        "total": 2,
        "by_status": {"207": 1, "500": 1},
        "events": {"accepted": 1, "invalid": 1, "error": 0, "refused": 2},
        "user_agents": {"tester": 2},
        "content_types": {"application/json": 2},
    }
    await client.delete("/_control/calls")
    assert (await control(client, "calls"))["total"] == 0


async def test_accepted_events_may_be_emptied(client: Client) -> None:
    await post(client, event())
    await client.delete("/_control/events")
    assert await control(client, "events") == {"total": 0, "events": []}


async def test_each_event_is_shown_as_it_came(client: Client, shown: list[Any]) -> None:
    await post(client, [event(1), {"x": 1}])
    assert shown == [event(1), {"x": 1}]


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    (tmp_path / "thing.yaml").write_text(SCHEMA)
    return tmp_path


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (event(name=7), ".name"),
        (event(other=7), "other"),
        (event() | {"$schema": "/test/thing/2.0.0"}, "/test/thing/2.0.0"),
        (event() | {"$schema": "/test/another/1.1.0"}, "/test/another/1.1.0"),
        (event() | {"$schema": "thing"}, ".$schema"),
        (event(name=7) | {"$schema": "/test/thing/1.3.0"}, ".name"),
        ({}, ".$schema"),
    ],
)
def test_an_event_that_its_schema_refuses_is_invalid(
    schemas: Path, wrong: dict[str, Any], named: str
) -> None:
    check = schema_check(schemas)
    assert check(event()) == []
    assert named in "".join(check(wrong))


def test_a_newer_minor_version_may_have_more_fields(schemas: Path) -> None:
    newer = event(other=7) | {"$schema": "/test/thing/1.3.0"}
    assert schema_check(schemas)(newer) == []


@pytest.mark.parametrize("content", ["[", "7", "title: x", "$id: thing"])
def test_a_file_that_is_no_schema_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.yaml").write_text(content)
    with pytest.raises(ValueError, match="bad.yaml"):
        schema_check(tmp_path)


def test_real_events_pass_their_real_schemas() -> None:
    check = schema_check(schemas_folder())
    for version in ("1.2.0", "2.0.0"):
        assert check(revision_create(version=version)) == []
    for version in ("1.0.0", "1.2.0"):
        assert check(page_change(version=version)) == []
    assert check(revision_create(page_id="x")) != []


def start(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "liftwing_demo.eventgate.server", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


@pytest.mark.parametrize("option", ["--pretty", None, "--quiet"])
def test_the_process_says_where_it_is_and_prints_what_it_gets(option: str | None) -> None:
    with start(*([option] if option else [])) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("eventgate listening on http://127.0.0.1:")
        url = first.split()[-1] + "/v1/events"
        body = json.dumps([event(1), event(2)]).encode()
        with urllib.request.urlopen(url, body, timeout=5) as response:
            assert response.status == 201
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    if option == "--quiet":
        assert output == ""
    elif option == "--pretty":
        assert output.count("\n") > 2 and '"id": "id-1"' in output
    else:
        assert [json.loads(line) for line in output.splitlines()] == [event(1), event(2)]


def test_a_folder_without_schemas_is_one_line_and_1(tmp_path: Path) -> None:
    process = start("--schemas", str(tmp_path))
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors.count("\n")) == (1, "", 1)
    assert str(tmp_path) in errors
