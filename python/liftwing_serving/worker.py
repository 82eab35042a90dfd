"""The worker side of the pool: the template process and the workers it forks.

`main` is the template's entry point. It imports everything, makes the handler
(which loads the models) and then only forks: a worker starts in milliseconds although the imports
take seconds, and shares the models' memory by copy on write. The template stays single-threaded,
because a fork of a process with threads can deadlock.

The template talks to the server over one socket: it greets with Ready or Failed, and for every
socket it is handed it answers with the process id of the worker that now serves it.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import pickle
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from typing import Any, Protocol

from liftwing_serving import frames, logs
from liftwing_serving.errors import ServingError

RECEIVE_BYTES = 1 << 20
NOT_FORKED = -1


class Handler(Protocol):
    """What a worker runs: made once in the template, then called for each task."""

    def describe(self) -> object:
        """What the server should know of the loaded models."""

    def __call__(self, task: Any) -> object:
        """The result of one task. Raises ServingError for what a client should be told."""


@dataclass(frozen=True, slots=True)
class HandlerSpec:
    """How the template makes its handler: `factory` is `module:callable`, called with `config`."""

    factory: str
    config: object

    def make(self) -> Handler:
        """Import and call the factory."""
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


@dataclass(frozen=True, slots=True)
class Done:
    """A task's result."""

    value: object


@dataclass(frozen=True, slots=True)
class Raised:
    """A task's error: a ServingError as it is, anything else as the text of its traceback."""

    error: ServingError | None
    details: str


def die_with_server(lifeline: int) -> None:
    """Have the kernel kill this whole process group when the server's end of the pipe closes.

    A worker may be inside a C extension for seconds, where no Python thread or signal handler
    would run: so the signal is SIGKILL, sent by the kernel when the server is gone, however it
    went. See fcntl(2), F_SETSIG.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
    try:
        if os.read(lifeline, 1) == b"":
            os.kill(os.getpid(), signal.SIGKILL)
    except BlockingIOError:
        pass


def run_template(spec: HandlerSpec, control: socket.socket) -> None:
    """Load, greet, then fork a worker for every socket received, until the server is gone."""
    try:
        handler = spec.make()
    except Exception as error:
        control.send(pickle.dumps(Failed(f"{type(error).__name__}: {error}", _traceback())))
        return
    # Frozen objects are never visited by the collector, so their pages stay shared.
    gc.collect()
    gc.freeze()
    # Children of a process that ignores SIGCHLD are reaped by the kernel.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control.send(pickle.dumps(Ready(handler.describe())))
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 64, 1)
        if not message:
            return
        connection = socket.socket(fileno=descriptors[0])
        try:
            pid = os.fork()
        except OSError:
            # No memory or no process to be had now; the server asks again.
            pid = NOT_FORKED
        if pid == 0:
            control.close()
            _run_worker(handler, connection)
        connection.close()
        control.send(pickle.dumps(pid))


def _run_worker(handler: Handler, connection: socket.socket) -> None:
    """Serve tasks until the server closes the socket. Never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A collection in the middle of an extraction costs a tenth of it and frees little;
    # one after each answer costs nobody a wait.
    gc.disable()
    decoder = frames.Decoder()
    try:
        while data := connection.recv(RECEIVE_BYTES):
            for task in decoder.feed(data):
                connection.sendall(_outcome(handler, task))
                del task
                gc.collect()
    except (ConnectionError, KeyboardInterrupt):
        pass
    finally:
        os._exit(0)


def _outcome(handler: Handler, task: object) -> bytes:
    """The task's Done or Raised as a frame; a result that cannot be sent is a defect, too."""
    try:
        return frames.encode(Done(handler(task)))
    except ServingError as error:
        return frames.encode(Raised(error, ""))
    except Exception:
        return frames.encode(Raised(None, _traceback()))


def _traceback() -> str:
    return traceback.format_exc()


def main() -> None:
    """Entry point of the template process: arguments are two file descriptors."""
    control_fd, lifeline_fd = int(sys.argv[1]), int(sys.argv[2])
    # What libraries report at INFO while models load is for those who make models.
    logs.configure("WARNING", "WARNING", "WARNING")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_server(lifeline_fd)
    control = socket.socket(fileno=control_fd)
    try:
        spec: HandlerSpec = pickle.loads(control.recv(RECEIVE_BYTES))
        run_template(spec, control)
    except (ConnectionError, EOFError):
        pass  # The server ended first, and the kernel's signal is on its way.
