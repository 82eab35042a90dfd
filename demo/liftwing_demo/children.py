"""Child processes that never outlive the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 10.0

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(sig: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send this process `sig` when its parent ends, however it ends.

    See prctl(2), PR_SET_PDEATHSIG. Does nothing for a process whose parent has ended already.
    """
    _libc.prctl(PR_SET_PDEATHSIG, int(sig), 0, 0, 0)


class Children:
    """A context in which processes run; leaving it stops them, the last one started first."""

    def __init__(self) -> None:
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> int:
        """Start a process that also gets SIGTERM if this one is killed; returns its process id.

        A terminal's Ctrl-C does not reach it: this process alone decides when it stops.
        """
        process = subprocess.Popen(
            command,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            # Runs between fork and exec; a ready-made call, so it takes no lock.
            preexec_fn=die_with_parent,
            process_group=0,
        )
        self._running.append((name, process))
        return process.pid

    def ended(self) -> str | None:
        """Which process has ended by itself, and how, in words; None if none has."""
        for name, process in self._running:
            status = process.poll()
            if status is not None:
                how = signal.Signals(-status).name if status < 0 else f"status {status}"
                return f"{name} ended by itself ({how})"
        return None

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _, process in reversed(self._running):
            if process.poll() is None:
                process.terminate()
        for _, process in reversed(self._running):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
