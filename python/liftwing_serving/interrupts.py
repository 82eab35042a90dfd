"""Signals while nothing can handle them yet: a quick end without a traceback.

Imports take seconds, in which Python would answer Ctrl-C with a KeyboardInterrupt out of the midst
of whichever library is being imported.
"""

from __future__ import annotations

import logging
import os
import signal
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


def end_on_termination() -> None:
    """Have SIGTERM end this process with 0 when its log is written: the first process of a
    container ignores it otherwise.

    Nor by an exception, whatever the place: the interpreter would then take down libraries that
    are half imported, and may crash over it. What this process started ends by its lifeline.
    """
    signal.signal(signal.SIGTERM, _end_well)


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


def _end_well(number: int, frame: FrameType | None) -> None:
    logging.shutdown()
    os._exit(0)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
