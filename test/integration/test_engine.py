"""The engine over real workers, with a handler that stands in for revscoring's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.documents import Documents, Page, Revision
from liftwing_serving.revscoring.engine import Engine, make_engine
from liftwing_serving.settings import Settings
from liftwing_serving.worker import HandlerSpec
from support.processes import ROOT

NAME = "enwiki-damaging"
PAGE = Page(page_id=5, namespace=0, title="Sandbox")


@pytest.fixture
async def engine(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "test"))
    settings = Settings.model_validate(
        {
            "inference_name": NAME,
            "wiki_url": "http://127.0.0.1",
            "asyncio_aux_workers": 2,
            "mwapi_revid_content_threshold_bytes": 1000,
        }
    )
    engine = make_engine(settings, HandlerSpec("support.scorer:make", None))
    await engine.start()
    yield engine
    await engine.close()


def documents(rev_id: int, text: str, parent_text: str, wait_for: Path | None = None) -> Documents:
    comment = str(wait_for) if wait_for else ""
    return Documents(revision(rev_id, text, comment), revision(rev_id - 1, parent_text))


def revision(rev_id: int, text: str, comment: str = "") -> Revision:
    return Revision(rev_id, 1, PAGE, None, None, None, len(text), comment, text, "wikitext")


async def test_fault_7_light_revisions_do_not_wait_behind_blanked_pages_with_huge_parents(
    engine: Engine, tmp_path: Path
) -> None:
    async def score(given: Documents) -> object:
        return (await engine.score(NAME, given, Deadline.after(10))).score["prediction"]

    gate = tmp_path / "gate"
    blanked = [documents(10 * number, "", "x" * 1000, wait_for=gate) for number in range(1, 4)]
    heavy = [asyncio.create_task(score(given)) for given in blanked]
    light = [documents(number, "short", "x") for number in range(100, 120)]
    assert await asyncio.gather(*map(score, light)) == list(range(100, 120))
    gate.touch()
    assert await asyncio.gather(*heavy) == [10, 20, 30]


async def test_fault_8_documents_are_sent_to_a_worker_and_no_model(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0
    send = socket.socket.send

    def count(self: socket.socket, data: bytes, *flags: int) -> int:
        nonlocal sent
        now = send(self, data, *flags)
        sent += now
        return now

    monkeypatch.setattr(socket.socket, "send", count)
    for rev_id in range(100, 110):
        await engine.score(NAME, documents(rev_id, "x" * 500, "y" * 300), Deadline.after(10))
    assert 10 * 800 < sent < 10 * 2000
