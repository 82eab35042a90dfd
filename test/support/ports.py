"""Free ports of 127.0.0.1, also beside other processes of the same run that look for some."""

from __future__ import annotations

import itertools
import os
import random
import socket
from collections.abc import Iterator

# Below those that Linux gives to outgoing connections, which come and go at any moment.
PORTS = range(10_000, 32_000)


def free_port() -> int:
    """A port that was free a moment ago, and that nobody else of this run is told."""
    while not _is_free(port := next(_ports)):
        continue
    return port


def share(worker: str, workers: int) -> range:
    """The ports of one of pytest's processes, which are called gw0, gw1..."""
    size = len(PORTS) // workers
    first = PORTS[int(worker.removeprefix("gw")) * size]
    return range(first, first + size)


def _rounds(ports: range) -> Iterator[int]:
    """Each in its turn, beginning anywhere: another run on this machine has the same share."""
    begin = random.randrange(len(ports))
    return itertools.cycle([*ports[begin:], *ports[:begin]])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_ports = _rounds(
    share(
        os.environ.get("PYTEST_XDIST_WORKER", "gw0"),
        int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
    )
)
