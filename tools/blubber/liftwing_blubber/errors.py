"""The one exception of this package."""

from __future__ import annotations


class BlubberError(Exception):
    """A file was refused; its text is `FILE:LINE: key.path: reason`."""

    def __init__(self, file: str, line: int, path: str, reason: str) -> None:
        place = f"{file}:{line}: "
        super().__init__(place + (f"{path}: {reason}" if path else reason))
        self.file = file
        self.line = line
        self.path = path
        self.reason = reason
