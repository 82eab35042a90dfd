"""A handler whose tasks do what a test wants: for the pool, without any model."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from liftwing_serving.errors import BadRequest, StartFailed

KEPT: list[bytearray] = []


def begin(path: str) -> int:
    """Write this process's id into the file; returns which try this is."""
    with open(path, "a+") as file:
        file.write(f"{os.getpid()}\n")
        file.seek(0)
        return len(file.readlines())


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
        if what == "spin":
            until = time.process_time() + argument
            while time.process_time() < until:
                pass
            return None
        if what == "scatter":
            pieces = [bytearray(2000) for _ in range(20_000)]
            # The C library could return what lies below only if it is told to.
            KEPT.append(pieces[-1])
            return os.getpid()
        if what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "run out of memory once":
            if begin(argument) == 1:
                raise MemoryError
            return "alive"
        if what == "run out of memory":
            raise MemoryError
        if what == "die once":
            if begin(argument) == 1:
                os._exit(1)
            return "alive"
        if what == "die late, then hang":
            path, seconds = argument
            if begin(path) == 1:
                time.sleep(seconds)
                os._exit(1)
            time.sleep(60)
        if what == "wait for":
            begun = time.monotonic()
            while not os.path.exists(argument):
                time.sleep(0.01)
            return begun, time.monotonic()
        if what == "litter":
            litter: list[object] = [b"x" * argument]
            litter.append(litter)
            return None
        if what == "unsendable":
            return lambda: None
        if what == "refuse":
            raise BadRequest(argument)
        raise ValueError("a defect")


def make(config: object) -> Handler:
    """The factory; a config of "broken" cannot be made, and one of "deadly" kills the process."""
    if config == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    if config == "broken":
        raise RuntimeError("cannot be loaded")
    return Handler()


def fail(reason: str) -> Handler:
    """A factory that finds what it needs missing."""
    raise StartFailed(reason)
