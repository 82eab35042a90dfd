"""What a family implements to be served."""

from __future__ import annotations

import argparse
import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from liftwing_serving.deadline import Deadline

R = TypeVar("R")

ANY_OBJECT: Mapping[str, Any] = {"type": "object"}


def has_own_route(name: str) -> bool:
    """Whether a servable of that name is found under it as a path, instead of as a model."""
    return name.startswith("/")


class Servable(ABC, Generic[R]):
    """One model under its `name`: reads requests of a type of its own, and answers them.

    The server sees to both protocols, the deadline, errors, counting and the payload log. One whose
    name begins with "/" is no model: it has that route to itself, for V1 requests. Such a request
    asks for several things: the family holds each to the deadline, and is given a moment more to
    gather them.
    """

    # What V2 metadata says of what computes the answers.
    platform = ""
    # Whether it has `information`.
    informs = False

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def request_schema(self) -> Mapping[str, Any]:
        """The JSON schema of a V1 request that is no batch, for the OpenAPI document."""
        return ANY_OBJECT

    @property
    def answer_schema(self) -> Mapping[str, Any]:
        """The JSON schema of the answer to such a request."""
        return ANY_OBJECT

    @property
    def alive(self) -> bool:
        """Whether a request could be answered now. Read for each request: be quick."""
        return True

    @abstractmethod
    def read(self, fields: dict[str, Any]) -> R:
        """The typed request in a V1 body's JSON object. Raises BadRequest."""

    @abstractmethod
    async def answer(self, request: R, deadline: Deadline) -> dict[str, Any]:
        """The answer as V1's JSON object.

        It is cancelled when the deadline passes; work that is shared with other requests has to
        keep the deadline itself. Raises a ServingError for what the client is told; any other
        exception is answered as a defect.
        """

    async def answer_all(
        self, requests: Sequence[R], deadline: Deadline
    ) -> Sequence[dict[str, Any] | Exception]:
        """The answers to a batch in its order, each a document or why there is none.

        A family whose requests can share work does more than ask `answer` for each. It has to keep
        the deadline for each of them, and returns what there is then: a moment later it is
        cancelled. An error in one place says nothing of the others, and one that is no ServingError
        is answered as a defect; what is raised is the answer to the whole batch.
        """
        return await asyncio.gather(*(self._answer_one(request, deadline) for request in requests))

    async def information(self, wanted: str, deadline: Deadline) -> dict[str, Any]:
        """What the model tells of itself; `wanted` is the client's text for which parts of it.

        Raises a ServingError as `answer` does. For servables that say that they inform.
        """
        raise NotImplementedError

    async def _answer_one(self, request: R, deadline: Deadline) -> dict[str, Any] | Exception:
        try:
            return await deadline.wait_for(self.answer(request, deadline))
        except Exception as error:
            return error


# Called with the flags of the command line once the ports are bound. What it yields is served, and
# it is left after the last answer. A StartFailed that it raises is logged and ends the server.
OpenServables = Callable[[argparse.Namespace], AbstractAsyncContextManager[Sequence[Servable[Any]]]]
