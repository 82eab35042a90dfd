"""What the server and the processes of its pool say to each other."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from liftwing_serving.errors import ServingError

# Sent in place of a process id when the system has no room for another process.
NOT_FORKED = -1


class Handler(Protocol):
    """What a worker runs: made once in the template, then called for each task."""

    def describe(self) -> object:
        """What the server should know of what was loaded; picklable."""

    def __call__(self, task: Any) -> object:
        """The picklable result of a task. Raises ServingError for what a client should be told."""


@dataclass(frozen=True, slots=True)
class HandlerSpec:
    """How the template makes its handler: `factory` is `module:callable`, called with `config`.

    Its module may stand in `folder`, beside a program.
    """

    factory: str
    config: object
    folder: str = ""

    def make(self) -> Handler:
        """Import and call the factory.

        Raises ImportError or AttributeError if there is none, and whatever it raises itself.
        """
        if self.folder:
            sys.path.insert(0, self.folder)
        module, _, name = self.factory.partition(":")
        handler: Handler = getattr(importlib.import_module(module), name)(self.config)
        return handler


@dataclass(frozen=True, slots=True)
class Ready:
    """The template has loaded everything."""

    description: object


@dataclass(frozen=True, slots=True)
class Failed:
    """The template could not load: `reason` in a line, `details` for the log."""

    reason: str
    details: str


class Done(NamedTuple):
    """A task's value."""

    value: object


class Raised(NamedTuple):
    """A task's error: a ServingError as it is, anything else as the text of its traceback."""

    error: ServingError | None
    details: str
