"""What a process keeps of finished answers."""

from __future__ import annotations

import struct

MOMENT = struct.Struct("!d")
# What the interpreter adds to an entry: two objects' heads and a place in a table.
OVERHEAD_BYTES = 200


class MemoryCache:
    """Values by name, in so many bytes, until they are too old.

    There are two tables: when the young one has half of the bytes, it becomes the old one, whose
    entries are dropped unless they are asked for meanwhile. The garbage collector does not walk a
    table of texts and bytes, however large it is.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._young: dict[str, bytes] = {}
        self._old: dict[str, bytes] = {}
        self._young_bytes = self._old_bytes = 0

    @property
    def size(self) -> int:
        """Bytes that all entries take."""
        return self._young_bytes + self._old_bytes

    def get(self, name: str, now: float) -> bytes | None:
        """The value, if it is here and is not over."""
        entry = self._young.get(name)
        if entry is None:
            entry = self._old.get(name)
            if entry is None:
                return None
            self._drop(name)
            self._add(name, entry)
        if MOMENT.unpack_from(entry)[0] <= now:
            self._drop(name)
            return None
        return entry[MOMENT.size :]

    def put(self, name: str, value: bytes, end: float) -> None:
        """Keep a value until `end`, in place of any other of that name."""
        self._drop(name)
        self._add(name, MOMENT.pack(end) + value)

    def remove(self, name: str) -> None:
        """Keep nothing of that name."""
        self._drop(name)

    def _add(self, name: str, entry: bytes) -> None:
        size = _size(name, entry)
        if size > self._max_bytes / 2:
            return
        if self._young_bytes + size > self._max_bytes / 2:
            self._old, self._old_bytes = self._young, self._young_bytes
            self._young, self._young_bytes = {}, 0
        self._young[name] = entry
        self._young_bytes += size

    def _drop(self, name: str) -> None:
        entry = self._young.pop(name, None)
        if entry is not None:
            self._young_bytes -= _size(name, entry)
        entry = self._old.pop(name, None)
        if entry is not None:
            self._old_bytes -= _size(name, entry)


def _size(name: str, entry: bytes) -> int:
    return len(name.encode()) + len(entry) + OVERHEAD_BYTES
