"""Every error a client can be answered with; each knows its HTTP status.

    ServingError
    ├── BadRequest                 400  the request itself is wrong
    │   ├── RevisionMissing        400  the wiki has no such revision, or deleted it
    │   ├── ResourceMissing        400  a part of the revision that the features need is hidden
    │   ├── ContentUnreadable      400  the content model is not one the features can read
    │   └── InjectionRefused       400  a value to inject has an unknown name or a wrong type
    ├── BodyTooSlow                408  the body did not arrive in time
    ├── PayloadTooLarge            413  the body is over MAX_BODY_BYTES
    ├── TooManyInstances           413  the batch has more than MAX_INSTANCES
    ├── TooManyRequests            429  the work cannot be done in its time: come back later
    ├── UpstreamUnusable           502  MediaWiki answered something unusable
    ├── Unavailable                503  may work on a second try
    │   ├── UpstreamUnavailable    503  MediaWiki is unreachable, slow or rate-limiting
    │   ├── Overloaded             503  the same as 429, for those who repeat only 502 and 503
    │   ├── WorkerLost             503  the worker process died, and so did the second one
    │   ├── NoneAnswered           503  all of a batch may work on a second try
    │   └── DeadlineExceeded       503  the request's time is over
    └── InternalError              500  a defect of ours; the answer is a request id

ChangeProp (https://wikitech.wikimedia.org/wiki/Changeprop) repeats a request on 502 and 503 only,
so what may work on a second try must be one of these two. Errors are raised where the trouble is
seen; `server/failures.py` alone turns them into answers, of HTTP and of gRPC. They cross process
boundaries by pickle: all state is in `args` and `__dict__`.
"""

OVERLOADED = "The server has more work than it can do in time."


class ServingError(Exception):
    """Base of all errors whose text is meant for the client.

    `status` is the HTTP status of the answer, `retry_after` the seconds to name in its
    Retry-After header, if any.
    """

    status: int = 500
    retry_after: int | None = None

    # Of an answer from MediaWiki: whether to ask again, and its Retry-After in seconds.
    repeat: bool = False
    asked_delay: int | None = None

    @property
    def message(self) -> str:
        """The text for the client."""
        return str(self)


class BadRequest(ServingError):
    """The request cannot be answered however often it is sent."""

    status = 400


class RevisionMissing(BadRequest):
    """The wiki has no such revision, or has deleted it."""

    def __init__(self, rev_id: int) -> None:
        super().__init__(rev_id)
        self.rev_id = rev_id

    def __str__(self) -> str:
        return (
            "The MW API does not have any info related to the rev-id provided as input "
            f"({self.rev_id}), therefore it is not possible to extract features properly. "
            "One possible cause is the deletion of the page related to the revision id."
        )


class ResourceMissing(BadRequest):
    """Something the features read is hidden or gone: a comment, a text, a user, a parent."""

    def __init__(self, rev_id: int, reason: str) -> None:
        super().__init__(rev_id, reason)
        self.rev_id = rev_id
        self.reason = reason

    def __str__(self) -> str:
        return f"Missing resource for rev-id {self.rev_id}: {self.reason}"


class ContentUnreadable(BadRequest):
    """The revision's content is of a kind that the model's features cannot read."""

    def __init__(self, rev_id: int, reason: str) -> None:
        super().__init__(rev_id, reason)
        self.rev_id = rev_id
        self.reason = reason

    def __str__(self) -> str:
        return f"Unexpected content type for rev-id {self.rev_id}: {self.reason}"


class InjectionRefused(BadRequest):
    """A value that was given in place of a computed one cannot be taken."""


class BodyTooSlow(ServingError):
    """The client did not send the whole body in the time that a request has."""

    status = 408

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"The request's body did not arrive within {self.seconds:g} seconds."


class PayloadTooLarge(ServingError):
    """The body is larger than this server reads."""

    status = 413

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes)
        self.max_bytes = max_bytes

    def __str__(self) -> str:
        return f"The request is larger than MAX_BODY_BYTES, {self.max_bytes} bytes."


class TooManyInstances(ServingError):
    """The batch has more instances than this server answers at once."""

    status = 413

    def __init__(self, max_instances: int) -> None:
        super().__init__(max_instances)
        self.max_instances = max_instances

    def __str__(self) -> str:
        return f"The request has more than MAX_INSTANCES, {self.max_instances} instances."


class TooManyRequests(ServingError):
    """The work cannot be done in its time, and was not begun. `retry_after` is in seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return OVERLOADED


class UpstreamUnusable(ServingError):
    """MediaWiki answered, but with HTML, malformed JSON or an error. Never holds its body.

    `code` is that of the API's error, if it was one.
    """

    status = 502

    def __init__(self, message: str, repeat: bool = False, code: str | None = None) -> None:
        super().__init__(message)
        self.repeat = repeat
        self.code = code


class Unavailable(ServingError):
    """The same request may well succeed a little later."""

    status = 503
    retry_after = 1


class UpstreamUnavailable(Unavailable):
    """MediaWiki could not be reached in time, or asked us to come back later."""

    repeat = True

    def __init__(self, message: str, asked_delay: int | None = None) -> None:
        super().__init__(message)
        self.asked_delay = asked_delay
        if asked_delay:
            self.retry_after = asked_delay


class Overloaded(Unavailable):
    """As TooManyRequests, but for clients that repeat a request on 502 and 503 only."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return OVERLOADED


class WorkerLost(Unavailable):
    """The process that did the work died, and so did the one that tried again."""


class NoneAnswered(Unavailable):
    """No instance of a batch was answered, and all of them may be on a second try.

    `reason` is the first one's; `retry_after` is in seconds.
    """

    def __init__(self, instances: int, reason: str, retry_after: int) -> None:
        super().__init__(instances, reason, retry_after)
        self.instances = instances
        self.reason = reason
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"None of {self.instances} instances could be answered, the first: {self.reason}"


class DeadlineExceeded(Unavailable):
    """The work of one request took longer than REQUEST_DEADLINE_SECONDS."""

    def __str__(self) -> str:
        return "The request's time was over."


class InternalError(ServingError):
    """A defect of ours. `details`, such as a worker's traceback, go to the log only."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class StartFailed(Exception):
    """The server cannot begin to serve. The text is one line; `details` is for the log."""

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(reason)
        self.details = details
