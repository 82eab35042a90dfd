"""A process with children of its own, none of which outlives this process, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn


class ProcessGroup:
    """A context in which a process runs; leaving it kills the process and all it has started.

    It is for processes that have nothing to lose. The kernel's signal at a parent's death reaches
    children only, never theirs. So a guard waits at a pipe whose other end nobody but this process
    holds.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                command,
                env=os.environ | env,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                process_group=0,
            )
        self._guard, self._pipe = _start_guard(self.process.pid)

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._pipe)
        self.process.wait()
        os.waitpid(self._guard, 0)


def _start_guard(group: int) -> tuple[int, int]:
    """Fork a process that kills the group as soon as the returned pipe end is closed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(writing)
        _guard(group, reading)
    os.close(reading)
    return pid, writing


def _guard(group: int, reading: int) -> NoReturn:
    try:
        # A terminal's Ctrl-C is for the process that is guarded, not for the guard.
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        os.read(reading, 1)
        os.killpg(group, signal.SIGKILL)
    finally:
        os._exit(0)
