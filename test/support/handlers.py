"""A handler whose tasks do what a test wants: for the pool, without any model."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from liftwing_serving.errors import BadRequest


class Handler:
    """Tasks are (what, argument) pairs."""

    def describe(self) -> str:
        return "a handler of tests"

    def __call__(self, task: tuple[str, Any]) -> object:
        what, argument = task
        if what == "echo":
            return argument
        if what == "sleep":
            time.sleep(argument)
            return os.getpid()
        if what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "die once":
            with open(argument, "a+") as file:
                file.seek(0)
                first = not file.read()
                file.write("tried")
            if first:
                os._exit(1)
            return "alive"
        if what == "unsendable":
            return lambda: None
        if what == "refuse":
            raise BadRequest(argument)
        raise ValueError("a defect")


def make(config: object) -> Handler:
    """The factory; a config of "broken" cannot be made."""
    if config == "broken":
        raise RuntimeError("cannot be loaded")
    return Handler()
