"""What the front answers when there is no answer: an error for a client, or in a score's place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CODES = {
    400: "bad request",
    404: "not found",
    405: "method not allowed",
    408: "request timeout",
    413: "request too large",
    429: "too_many_requests",
    500: "internal server error",
    502: "bad gateway",
    503: "server overloaded",
}
# Of what stands in a score's place.
_TYPES = {
    400: "BadRequest",
    404: "ModelNotFound",
    413: "TooManyInstances",
    429: "TooManyRequests",
    502: "UpstreamUnusable",
    503: "Unavailable",
}


class Failure(Exception):
    """Why there is no answer, or no score: `status` is that of HTTP, `retry_after` in seconds.

    `late` says that the time was over, `allow` which methods there are instead.
    """

    def __init__(
        self,
        status: int,
        message: str,
        retry_after: int | None = None,
        late: bool = False,
        allow: str = "",
    ) -> None:
        super().__init__(status, message, retry_after)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.late = late
        self.allow = allow

    def document(self) -> dict[str, Any]:
        """As ORES told what is wrong with a whole request."""
        code = CODES.get(self.status, CODES[500])
        return {"error": {"code": code, "message": self.message}}

    def in_place(self) -> dict[str, Any]:
        """As ORES told why a score is missing."""
        kind = "TimeoutError" if self.late else _TYPES.get(self.status, "InternalError")
        return {"error": {"type": kind, "message": self.message}}


def too_late() -> Failure:
    """The request's time is over."""
    return Failure(503, "The request's time was over.", 1, late=True)


def of_all(failures: Sequence[Failure]) -> Failure:
    """What is said when there is nothing but failures: the one that says most to the client.

    A wrong request is the client's to change. Of several that may work later, all have to.
    """
    wrong = [failure for failure in failures if failure.status in (400, 404, 413)]
    if wrong:
        return wrong[0]
    worst = max(failures, key=lambda failure: failure.status in (502, 503))
    delays = [failure.retry_after for failure in failures if failure.retry_after]
    return Failure(worst.status, worst.message, max(delays, default=None))
