"""One call to an EventGate that answers well, badly, late or not at all."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from liftwing_serving.eventgate import EventGate, Verdict, client
from liftwing_serving.eventgate.client import judge
from liftwing_serving.mediawiki.session import USER_AGENT
from support.eventgate import FakeEventGate, queued


async def test_a_batch_is_one_post_of_a_json_array(fake: FakeEventGate, gate: EventGate) -> None:
    batch = [queued(1), queued(2)]
    assert await gate.send(batch) == Verdict(delivered=batch)
    assert fake.calls == [["id-1", "id-2"]]
    assert fake.headers[0]["Content-Type"] == "application/json"
    assert fake.headers[0]["User-Agent"] == USER_AGENT


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_accepted_is_accepted(fake: FakeEventGate, gate: EventGate, status: int) -> None:
    fake.usual = fake.status(status)
    assert len((await gate.send([queued(1)])).delivered) == 1


@pytest.mark.parametrize("status", [302, 400, 404, 413])
async def test_what_is_refused_is_never_sent_again(
    fake: FakeEventGate, gate: EventGate, status: int
) -> None:
    fake.usual = fake.status(status)
    verdict = await gate.send([queued(1), queued(2)])
    assert (len(verdict.rejected), len(verdict.failed)) == (2, 0)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_failed_may_be_sent_again(
    fake: FakeEventGate, gate: EventGate, status: int
) -> None:
    fake.usual = fake.status(status)
    verdict = await gate.send([queued(1), queued(2)])
    assert (len(verdict.failed), verdict.reason) == (2, f"HTTP status {status}")
    assert not verdict.blamed


async def test_a_redirect_is_not_followed(fake: FakeEventGate, gate: EventGate) -> None:
    async def redirect(events: list[dict[str, Any]]) -> web.Response:
        return web.Response(status=307, headers={"Location": fake.url})

    fake.usual = redirect
    assert (await gate.send([queued(1)])).rejected
    assert len(fake.calls) == 1


async def test_an_answer_sorts_the_events_of_a_batch(fake: FakeEventGate, gate: EventGate) -> None:
    fake.usual = fake.partly(invalid=["id-2"], error=["id-3"])
    verdict = await gate.send([queued(number) for number in (1, 2, 3, 4)])
    assert [e.id for e in verdict.delivered] == ["id-1", "id-4"]
    assert [e.id for e in verdict.rejected] == ["id-2"]
    assert [e.id for e in verdict.failed] == ["id-3"]
    assert verdict.blamed


async def test_a_500_may_name_events_that_no_repetition_makes_valid(
    fake: FakeEventGate, gate: EventGate
) -> None:
    fake.usual = fake.partly(invalid=["id-1"], error=["id-2"])
    verdict = await gate.send([queued(1), queued(2)])
    assert [e.id for e in verdict.rejected] == ["id-1"]
    assert [e.id for e in verdict.failed] == ["id-2"]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"<html>",
        b"[]",
        b'{"invalid": 7}',
        b'{"error": [{}]}',
        b'{"invalid": [{"event": {"meta": {"id": "another"}}}]}',
        b'{"invalid": [{"event": {"meta": {"id": []}}}]}',
    ],
)
def test_an_unreadable_207_means_to_try_all_again(answer: bytes | None) -> None:
    batch = [queued(1), queued(2)]
    verdict = judge(batch, 207, answer)
    assert (verdict.failed, verdict.blamed) == (batch, False)


async def test_an_endless_answer_is_not_read(fake: FakeEventGate, gate: EventGate) -> None:
    async def endless(events: list[dict[str, Any]]) -> web.Response:
        return web.Response(status=207, body=b" " * (client.MAX_ANSWER_BYTES + 1))

    fake.usual = endless
    assert len((await gate.send([queued(1)])).failed) == 1


async def test_the_timeout_holds(fake: FakeEventGate, session: aiohttp.ClientSession) -> None:
    fake.usual = fake.late(30)
    started = time.monotonic()
    verdict = await EventGate(fake.url, session, 0.1).send([queued(1)])
    assert time.monotonic() - started < 1
    assert verdict.reason == "no answer within 0.1 seconds"
    assert len(verdict.failed) == 1


async def test_nobody_there_is_a_failure_and_no_exception(session: aiohttp.ClientSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", "http://name.invalid/", "nonsense"):
        assert len((await EventGate(url, session, 0.5).send([queued(1)])).failed) == 1


async def test_a_broken_connection_is_a_failure(session: aiohttp.ClientSession) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert len((await EventGate(url, session, 0.5).send([queued(1)])).failed) == 1


@pytest.fixture
def fresh_tls_context() -> Iterator[None]:
    client.tls_context.cache_clear()
    yield
    client.tls_context.cache_clear()


async def test_a_process_builds_one_tls_context(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, fresh_tls_context: None
) -> None:
    built = []
    build = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda: built.append(1) or build())
    for _ in range(3):
        EventGate("https://eventgate.example/v1/events", session, 1)
    assert len(built) == 1


@pytest.fixture
def own_authority(tmp_path: Path) -> tuple[Path, Path]:
    """Files of a certificate for 127.0.0.1 that nobody vouches for but itself, and of its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "EventGate")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    files[0].write_bytes(certificate.public_bytes(pem))
    files[1].write_bytes(key.private_bytes(pem, *plain))
    return files


@pytest.mark.parametrize("known", [True, False])
async def test_the_authority_of_wikimedia_is_trusted_where_it_is_known(
    known: bool,
    own_authority: tuple[Path, Path],
    fake: FakeEventGate,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    fresh_tls_context: None,
) -> None:
    certificate, key = own_authority
    trusted = certificate if known else certificate.with_name("absent")
    monkeypatch.setattr(client, "WIKIMEDIA_CERTIFICATES", trusted)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(certificate, key)
    app = web.Application()
    app.router.add_post("/", fake.handle)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=server_side)
    try:
        verdict = await EventGate(str(server.make_url("/")), session, 2).send([queued(1)])
    finally:
        await server.close()
    assert bool(verdict.delivered) is known
    assert known or "CertificateError" in verdict.reason
