"""The worker side of the pool: the template process and the workers it forks.

`main` is the template's entry point. It imports everything, makes the handler (which loads the
models) and then only forks: a worker starts in milliseconds although the imports take seconds, and
shares the models' memory by copy on write. The template stays single-threaded, because forking a
process with threads can deadlock.

The template talks to the server over one socket: it first sends Ready or Failed, and for every
socket it is handed it sends the process id of the worker that now serves it, or NOT_FORKED.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import importlib
import os
import pickle
import signal
import socket
import sys
import traceback

from liftwing_serving import logs
from liftwing_serving.errors import ServingError, StartFailed
from liftwing_serving.workers import frames
from liftwing_serving.workers.messages import (
    NOT_FORKED,
    Done,
    Failed,
    Handler,
    HandlerSpec,
    Raised,
    Ready,
)

RECEIVE_BYTES = 1 << 20
# Of a task; the memory that a larger one took is given back to the system.
LARGE_BYTES = 50_000


def die_with_server(lifeline: int) -> None:
    """Have the kernel kill this whole process group when the server's end of the pipe closes.

    A worker may be inside a C extension for seconds, where no Python thread or signal handler
    would run: so the signal is SIGKILL, sent by the kernel when the server has ended, in whatever
    way. `lifeline` is the pipe's file descriptor here. See fcntl(2), F_SETSIG.
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
    """Load, send Ready or Failed, then fork a worker for every socket received.

    Returns when the server closes the socket or the handler cannot be made. Raises ConnectionError
    if the server ends in between.
    """
    try:
        handler = spec.make()
    except StartFailed as error:
        control.send(pickle.dumps(Failed(str(error), error.details)))
        return
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
            # There is no memory or no process left; the server asks again.
            pid = NOT_FORKED
        if pid == 0:
            control.close()
            _run_worker(handler, connection)
        connection.close()
        control.send(pickle.dumps(pid))


def _run_worker(handler: Handler, connection: socket.socket) -> None:
    """Serve tasks until the server closes the socket. Never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A collection in the middle of an extraction costs a tenth of it and frees little; nobody
    # waits for one after each answer.
    gc.disable()
    decoder = frames.Decoder()
    # Only glibc has it, and needs it.
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", lambda kept_bytes: None)
    received = 0
    try:
        while data := connection.recv(RECEIVE_BYTES):
            received += len(data)
            for task in decoder.feed(data):
                connection.sendall(_done_or_raised(handler, task))
                del task
                gc.collect()
                if received > LARGE_BYTES:
                    give_back(0)
                received = 0
                # What is alive now stays, such as what is remembered of words. It has no cycles, so
                # that it goes without the collector, which need not visit it after each task.
                gc.freeze()
    except (ConnectionError, KeyboardInterrupt):
        pass
    finally:
        os._exit(0)


def _done_or_raised(handler: Handler, task: object) -> bytes:
    """The task's Done or Raised as a frame; a result that cannot be sent is a defect, too.

    Raises MemoryError, which ends the worker: another one may have room for the task.
    """
    try:
        return frames.encode(Done(handler(task)))
    except MemoryError:
        raise
    except ServingError as error:
        return frames.encode(Raised(error, ""))
    except Exception:
        return frames.encode(Raised(None, _traceback()))


def _preload(imports: str) -> None:
    """What fails here fails again, and is told, when the handler is made."""
    module, _, function = imports.partition(":")
    with contextlib.suppress(Exception):
        if module:
            getattr(importlib.import_module(module), function)()


def _traceback() -> str:
    return traceback.format_exc()


def main() -> None:
    """Entry point of the template process.

    Its arguments are two file descriptors, the socket to the server and the lifeline, and what to
    import before it is told what to load, as `module:function`, or nothing.
    """
    control_fd, lifeline_fd, imports = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    # Nothing that is loaded is garbage; it is looked through once, before it is frozen.
    gc.disable()
    # What libraries report at INFO while models load matters only to those who make models.
    logs.configure("WARNING", "WARNING", "WARNING")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_server(lifeline_fd)
    control = socket.socket(fileno=control_fd)
    _preload(imports)
    try:
        spec: HandlerSpec = pickle.loads(control.recv(RECEIVE_BYTES))
        run_template(spec, control)
    except (ConnectionError, EOFError):
        pass  # The server ended first, and the kernel's signal is on its way.
