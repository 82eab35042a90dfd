"""Values as they lie where others write, too: with their names and ends, under a digest.

What was kept under another name, what somebody else wrote there, and what is cut off or changed are
told from it. Nothing is unpickled, or looked at before the digest is right.
"""

from __future__ import annotations

import hashlib
import struct

MOMENT = struct.Struct("!d")
DIGEST_BYTES = 16


def seal(name: str, value: bytes, end: float) -> bytes:
    """The value, which is over at `end`, a moment of the wall clock."""
    body = MOMENT.pack(end) + value
    return _digest(name, body) + body


def unseal(name: str, entry: bytes) -> tuple[bytes, float] | None:
    """The value and its end, or None if this is no value that was sealed under that name."""
    digest, body = entry[:DIGEST_BYTES], entry[DIGEST_BYTES:]
    if len(body) < MOMENT.size or digest != _digest(name, body):
        return None
    (end,) = MOMENT.unpack_from(body)
    return body[MOMENT.size :], end


def _digest(name: str, body: bytes) -> bytes:
    whole = hashlib.blake2b(digest_size=DIGEST_BYTES)
    whole.update(name.encode() + b"\0")
    whole.update(body)
    return whole.digest()
