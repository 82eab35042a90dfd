"""Tests that run side by side, and those marked `alone`, beside which no other runs."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(folder: Path, alone: bool) -> Iterator[None]:
    """Wait until a test may run among the processes that share the folder, and keep its place.

    Whoever waits to be alone holds the gate, so that no others begin while it waits.
    """
    with (folder / "gate").open("w") as gate, (folder / "floor").open("w") as floor:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(floor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            # Closing is not enough: a process that the test forked has the file open, too.
            fcntl.flock(floor, fcntl.LOCK_UN)
