"""The one session: whom it trusts, what it does not carry, how it unpacks answers."""

from __future__ import annotations

import gzip
import ssl
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from isal import isal_zlib
from liftwing_serving import outbound


@pytest.fixture
def fresh_tls_context() -> Iterator[None]:
    outbound.tls_context.cache_clear()
    yield
    outbound.tls_context.cache_clear()


async def test_a_process_builds_one_tls_context(
    monkeypatch: pytest.MonkeyPatch, fresh_tls_context: None
) -> None:
    built = []
    build = ssl.create_default_context

    def count_and_build() -> ssl.SSLContext:
        built.append(1)
        return build()

    monkeypatch.setattr(ssl, "create_default_context", count_and_build)
    for _ in range(3):
        async with outbound.open_session():
            pass
    assert len(built) == 1


@pytest.fixture
def own_authority(tmp_path: Path) -> tuple[Path, Path]:
    """Files of a certificate for 127.0.0.1 that nobody vouches for but itself, and of its key."""
    from cryptography import x509
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
    monkeypatch: pytest.MonkeyPatch,
    fresh_tls_context: None,
) -> None:
    certificate, key = own_authority
    trusted = certificate if known else certificate.with_name("absent")
    monkeypatch.setattr(outbound, "WIKIMEDIA_CERTIFICATES", trusted)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(certificate, key)
    server = TestServer(web.Application(), scheme="https")
    await server.start_server(ssl=server_side)
    try:
        async with outbound.open_session() as session:
            if not known:
                with pytest.raises(aiohttp.ClientConnectorCertificateError):
                    await session.get(server.make_url("/"))
                return
            async with session.get(server.make_url("/")) as response:
                assert response.status == 404
    finally:
        await server.close()


TEXT = b"Coffee is a drink. " * 50_000
PACKED = {"gzip": gzip.compress(TEXT), "deflate": zlib.compress(TEXT)}
MAX_BYTES = 2 * len(TEXT)


async def unpacked(body: bytes, encoding: str) -> bytes | None:
    """What the session makes of a packed body."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    application = web.Application()
    application.router.add_get("/", answer)
    server = TestServer(application)
    await server.start_server()
    try:
        async with (
            outbound.open_session() as session,
            session.get(server.make_url("/")) as response,
        ):
            return await outbound.read_bounded(response, MAX_BYTES)
    finally:
        await server.close()


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_packed_answer_is_unpacked_by_the_fast_library(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    begin = isal_zlib.decompressobj

    def count_and_begin(*arguments: Any, **options: Any) -> Any:
        begun.append(1)
        return begin(*arguments, **options)

    monkeypatch.setattr(isal_zlib, "decompressobj", count_and_begin)
    assert await unpacked(PACKED[encoding], encoding) == TEXT
    assert begun


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("fault", ["not packed", "changed"])
async def test_an_answer_that_cannot_be_unpacked_is_a_failed_call(
    encoding: str, fault: str
) -> None:
    packed = PACKED[encoding]
    middle = len(packed) // 2
    body = {
        "not packed": TEXT,
        "changed": packed[:middle] + bytes([packed[middle] ^ 0xFF]) + packed[middle + 1 :],
    }[fault]
    with pytest.raises(aiohttp.ClientError):
        await unpacked(body, encoding)


@pytest.mark.parametrize("encoding", PACKED)
async def test_a_bomb_is_not_unpacked_beyond_the_bound(encoding: str) -> None:
    bomb = TEXT * 20
    body = gzip.compress(bomb) if encoding == "gzip" else zlib.compress(bomb)
    assert await unpacked(body, encoding) is None
