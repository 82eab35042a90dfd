"""What a family implements to be served."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from liftwing_serving.deadline import Deadline

R = TypeVar("R")


class Servable(ABC, Generic[R]):
    """One model under its `name`: reads requests of a type of its own, and answers them.

    The server sees to both protocols, the deadline, errors, counting and the payload log.
    """

    # What V2 metadata says of what computes the answers.
    platform = ""

    def __init__(self, name: str) -> None:
        self.name = name

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


# Called with the flags of the command line once the ports are bound. What it yields is served, and
# it is left after the last answer. A StartFailed that it raises is logged and ends the server.
OpenServables = Callable[[argparse.Namespace], AbstractAsyncContextManager[Sequence[Servable[Any]]]]
