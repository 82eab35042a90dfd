"""Messages between the server and its worker processes: pickles after their length in 8 bytes.

Both ends are processes of one server, so unpickling is safe; nothing from outside comes this way.
"""

import pickle
import struct
from typing import Any

HEADER = struct.Struct("!Q")


def encode(message: object) -> bytes:
    """The message as one frame. Raises what pickle raises for one that cannot be pickled."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(body)) + body


class Decoder:
    """Puts frames together from pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """The messages that these bytes complete, in order. Raises what unpickling raises."""
        self._buffer += data
        messages = []
        while len(self._buffer) >= HEADER.size:
            (length,) = HEADER.unpack_from(self._buffer)
            end = HEADER.size + length
            if len(self._buffer) < end:
                break
            messages.append(pickle.loads(memoryview(self._buffer)[HEADER.size : end]))
            del self._buffer[:end]
        return messages
