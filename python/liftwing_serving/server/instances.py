"""Batches: the `instances` of a V1 request, and the elements of a V2 tensor of several.

Each instance is read, answered or refused for itself, and has its answer in its place.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from liftwing_serving import logs
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import BadRequest, NoneAnswered
from liftwing_serving.fields import as_object
from liftwing_serving.server.failures import describe, told_of
from liftwing_serving.server.servable import Servable

logger = logging.getLogger(__name__)

R = TypeVar("R")
T = TypeVar("T")

INSTANCES = "instances"
PREDICTIONS = "predictions"

# After the deadline, to gather what there is of several answers.
COLLECT_SECONDS = 2.0
# Of work on the event loop before others have a turn.
PIECE_SECONDS = 0.005
# Failures of each status of one batch; the others are only counted.
MAX_LOGGED = 10
# Statuses of what may work on a second try.
RETRYABLE = frozenset({429, 502, 503})


@dataclass(slots=True)
class Instance(Generic[R]):
    """One request of a batch, with the context of its log lines, and what became of it: a document
    or the reason why there is none."""

    context: contextvars.Context
    request: R | None = None
    outcome: dict[str, Any] | Exception | None = None


class Batch(Generic[R]):
    """The instances of one request, in its order."""

    def __init__(self, instances: Sequence[Instance[R]]) -> None:
        self._instances = instances
        self.codes: Counter[int] = Counter()

    @classmethod
    async def read(cls, read: Callable[[T], R], given: Iterable[T]) -> Batch[R]:
        """A batch of what `read` makes of each thing that is given, or of what it raises."""
        turns = Turns()
        instances = []
        for number, one in enumerate(given):
            # What `read` notes for the log lines of one is not for those of the others.
            instance: Instance[R] = Instance(contextvars.copy_context())
            instance.context.run(logs.note, instance=number)
            try:
                instance.request = instance.context.run(read, one)
            except Exception as error:
                instance.outcome = error
            instances.append(instance)
            await turns.give()
        return cls(instances)

    async def answer(self, servable: Servable[R], deadline: Deadline) -> None:
        """Have the servable answer what could be read. Raises DeadlineExceeded and what it raises.

        It holds each instance to the deadline, and is held to a moment more itself.
        """
        asked = [instance for instance in self._instances if instance.outcome is None]
        if not asked:
            return
        requests: list[Any] = [instance.request for instance in asked]
        work = servable.answer_all(requests, deadline)
        answers = await deadline.later(COLLECT_SECONDS).wait_for(work)
        for instance, answer in zip(asked, answers, strict=True):
            instance.outcome = answer

    async def texts(self) -> list[bytes]:
        """The answers as JSON, failures in their places; afterwards `codes` counts their statuses.

        Raises NoneAnswered if there are instances, and all failed in a way worth retrying.
        """
        turns = Turns()
        texts = []
        for instance in self._instances:
            code, text = self._told(instance)
            self.codes[code] += 1
            texts.append(text)
            await turns.give()
        failures = [one.outcome for one in self._instances if isinstance(one.outcome, Exception)]
        more = sum(max(0, self.codes[code] - MAX_LOGGED) for code in self.codes.keys() - {200})
        if more:
            logger.info("%d more instances failed", more)
        if self._instances and self.codes.keys() <= RETRYABLE:
            delays = (getattr(error, "retry_after", None) or 1 for error in failures)
            raise NoneAnswered(len(failures), str(failures[0]), max(delays))
        return texts

    def _told(self, instance: Instance[R]) -> tuple[int, bytes]:
        """The status of an instance and its answer; the first failures are logged."""
        if not isinstance(instance.outcome, Exception):
            try:
                return 200, orjson.dumps(instance.outcome)
            except TypeError as error:
                instance.outcome = error
        code, message = told_of(instance.outcome)
        if self.codes[code] < MAX_LOGGED:
            instance.context.run(describe, instance.outcome)
        return code, orjson.dumps({"error": {"code": code, "message": message}})


class Turns:
    """Gives others the event loop between the pieces of long work."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def give(self) -> None:
        """Others have a turn if this one has lasted for PIECE_SECONDS."""
        if time.perf_counter() - self._since > PIECE_SECONDS:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


def instance_fields(value: object) -> dict[str, Any]:
    """An instance's fields. Raises BadRequest if it is no object, or a batch itself."""
    fields = as_object(value)
    if INSTANCES in fields:
        raise BadRequest(f'Expected no "{INSTANCES}" within an instance.')
    return fields


def predictions(texts: Iterable[bytes]) -> bytes:
    """The V1 answer to a batch, of the JSON of each instance's."""
    # Megabytes, which are copied but once.
    commas = itertools.chain.from_iterable((b",", text) for text in texts)
    return b"".join((b'{"%b":[' % PREDICTIONS.encode(), *itertools.islice(commas, 1, None), b"]}"))
