"""A process that loads before it is known what: it is used, or ended, and outlives nobody."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.preloading import Preloading
from liftwing_serving.settings import WorkerSettings
from liftwing_serving.workers import HandlerSpec, make_runners
from liftwing_serving.workers.pool import WorkerPool
from support.environment import environment
from support.processes import MODEL_SERVER, ROOT, children, exists, wait_until
from support.services import Start

SPEC = HandlerSpec("support.handlers:make", None)


@pytest.fixture(autouse=True)
def test_folder_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "test"))


@pytest.mark.parametrize(
    "imports", ["", "support.handlers:make", "no.such:module", "support.handlers:nonsense"]
)
async def test_a_pool_takes_over_a_process_that_has_begun(imports: str) -> None:
    begun = Preloading(imports)
    pool = WorkerPool(SPEC, 1, begun=begun)
    assert pool.template_pid == begun.process.pid
    await pool.start()
    assert (await pool.run(("echo", 1), Deadline.after(10))).value == 1
    # The next template is begun by the pool.
    os.kill(pool.template_pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        while pool.template_pid == begun.process.pid:
            await asyncio.sleep(0.01)
    assert (await pool.run(("echo", 2), Deadline.after(10))).value == 2
    await pool.close()


async def test_a_process_that_no_pool_needs_is_ended() -> None:
    begun = Preloading()
    settings = WorkerSettings(asyncio_use_process_pool=False)
    runners = make_runners(settings, SPEC, begun)
    assert not exists(begun.process.pid)
    await runners.close()


def test_a_server_without_a_pool_has_no_process_beside_it(
    start: Start, nasty: dict[str, list[int]]
) -> None:
    server = start(ASYNCIO_USE_PROCESS_POOL=False)
    assert children(server.process.pid) == []
    assert server.predict("enwiki-damaging", {"rev_id": nasty["ordinary"][0]}).status == 200


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_ends_before_it_serves_leaves_no_process(
    tmp_path: Path, number: signal.Signals | None
) -> None:
    # Without INFERENCE_NAME it ends by itself, with a message.
    marker = str(tmp_path / "marker")
    process = subprocess.Popen(
        [sys.executable, str(MODEL_SERVER), marker],
        env=environment({"MARKER": marker}),
        stderr=subprocess.PIPE,
        text=True,
    )
    if number:
        wait_until(lambda: children(process.pid), 20, "the template")
        process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert "Traceback" not in told
    wait_until(lambda: not left_of(marker), 10, "no process is left")


def left_of(marker: str) -> list[str]:
    """Processes that have the marker in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"MARKER={marker}".encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass
    return found
