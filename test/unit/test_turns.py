"""Which tests run side by side, and with which ports."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest
from support.ports import PORTS, share
from support.turns import turn

SOON = 30


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Each opens the files itself, as processes do."""
    with ThreadPoolExecutor() as threads:
        yield threads


def test_tests_run_side_by_side(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    meeting = Barrier(3)

    def test() -> None:
        with turn(tmp_path, alone=False):
            meeting.wait(SOON)

    for done in [threads.submit(test) for _ in range(3)]:
        done.result(SOON)


@pytest.mark.parametrize("first_alone", [True, False])
def test_beside_one_that_is_alone_no_other_runs(
    tmp_path: Path, threads: ThreadPoolExecutor, first_alone: bool
) -> None:
    began = Event()

    def test() -> None:
        with turn(tmp_path, alone=not first_alone):
            began.set()

    with turn(tmp_path, alone=first_alone):
        second = threads.submit(test)
        assert not began.wait(0.2)
    second.result(SOON)


def test_who_waits_to_be_alone_is_next(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    """However many others come, which could go on side by side for ever."""
    order: list[str] = []
    waits = Event()

    def alone() -> None:
        waits.set()
        with turn(tmp_path, alone=True):
            order.append("alone")

    def beside() -> None:
        with turn(tmp_path, alone=False):
            order.append("beside")

    with turn(tmp_path, alone=False):
        first = threads.submit(alone)
        assert waits.wait(SOON) and not _gate_opens(tmp_path)
        others = [threads.submit(beside) for _ in range(3)]
    for done in (first, *others):
        done.result(SOON)
    assert order == ["alone", *["beside"] * 3]


def _gate_opens(folder: Path) -> bool:
    """Whether somebody could go through the gate for a moment."""
    for _ in range(100):
        if not _is_free(folder / "gate", fcntl.LOCK_EX):
            return False
        time.sleep(0.05)
    return True


def _is_free(file: Path, how: int) -> bool:
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@pytest.mark.parametrize("beside", [pytest.param(False, id="alone", marks=pytest.mark.alone), True])
def test_tests_of_processes_side_by_side_take_turns(
    pytestconfig: pytest.Config, beside: bool
) -> None:
    folder = getattr(pytestconfig, "workerinput", {}).get("turns")
    if folder is None:
        pytest.skip("runs in one of several processes only")
    assert _is_free(Path(folder, "floor"), fcntl.LOCK_SH) == beside
    assert not _is_free(Path(folder, "floor"), fcntl.LOCK_EX)


def test_processes_of_a_run_have_no_port_in_common() -> None:
    shares = [share(f"gw{number}", 3) for number in range(3)]
    ports = [port for share in shares for port in share]
    assert len(ports) == len(set(ports)) >= len(PORTS) - 3
    assert set(ports) <= set(PORTS)
