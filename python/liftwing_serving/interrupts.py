"""Signals while nothing can handle them yet: a quick end without a traceback.

Imports take seconds, in which Python would answer Ctrl-C with a KeyboardInterrupt out of the midst
of whichever library is being imported.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def end_on_interrupt() -> None:
    """Have SIGINT end this process with 130, unless it is ignored or has a handler already.

    Not by an exception, which an import may swallow, nor by the signal itself, which the kernel
    keeps from the first process of a container.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def exit_on_termination() -> None:
    """Have SIGTERM exit this process with 0: the first one of a container ignores it otherwise."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))


@contextmanager
def quiet_interrupts() -> Iterator[None]:
    """A context for imports, in which SIGINT ends this process likewise; then all is as before."""
    before = signal.getsignal(signal.SIGINT)
    end_on_interrupt()
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is _end:
            signal.signal(signal.SIGINT, before)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
