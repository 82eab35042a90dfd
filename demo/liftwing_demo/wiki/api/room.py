"""How much goes into one answer, and what is left for the next."""

from collections.abc import Mapping
from typing import Any

from liftwing_demo.wiki.api.params import Params

MAX_BYTES = 4 << 20
"""MediaWiki's own default is twice as much; this much even a small history exceeds."""


class Room:
    """What an answer still has room for.

    `rest` holds the parameters by which a caller gets what found none.
    """

    def __init__(self, params: Params) -> None:
        self.rest: dict[str, Any] = {}
        self._params = params
        self._left = MAX_BYTES

    def take(self, document: Any) -> bool:
        """Whether a document goes into the answer; only then it needs its room."""
        needed = size_of(document)
        if needed > self._left:
            self._params.warn(
                "result",
                "This result was truncated because it would otherwise be larger than the limit of "
                f"{MAX_BYTES:,} bytes.",
            )
            return False
        self._left -= needed
        return True


def size_of(document: Any) -> int:
    """The bytes of all values written out, as MediaWiki counts them: no keys, 1 for true."""
    if isinstance(document, Mapping):
        return sum(map(size_of, document.values()))
    if isinstance(document, list):
        return sum(map(size_of, document))
    if document is None or document is False:
        return 0
    return 1 if document is True else len(str(document).encode())
