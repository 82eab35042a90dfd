"""The server's hold on the template process: start it, ask it for workers, see it die."""

from __future__ import annotations

import asyncio
import ctypes
import os
import pickle
import socket
from collections import deque
from collections.abc import Callable

from liftwing_serving.errors import StartFailed
from liftwing_serving.preloading import Preloading
from liftwing_serving.workers.messages import Failed, HandlerSpec, Ready
from liftwing_serving.workers.worker import RECEIVE_BYTES

PR_SET_CHILD_SUBREAPER = 36


class TemplateFailed(StartFailed):
    """The template, or a thread in its place, could not make the handler."""


def adopt_orphans() -> None:
    """Have workers whose template died become children of this process, so that it reaps them."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Template:
    """One template process, in a process group of its own together with its workers.

    The constructor starts it without an event loop, so that it can load while the server's own
    imports go on, or tells one that has begun what to load; `attach` then connects it to the loop.
    Raises OSError if it cannot be started.
    """

    def __init__(self, spec: HandlerSpec, begun: Preloading | None = None) -> None:
        """Raises OSError if the system has no room for another process."""
        self._begun = begun or Preloading()
        self._control = self._begun.control
        try:
            self._control.send(pickle.dumps(spec))
        except OSError:
            pass  # It ended already, which shows when it is attached.
        self._greeting: asyncio.Future[Ready | Failed] | None = None
        self._forks: deque[asyncio.Future[int]] = deque()
        self._on_death: Callable[[], None] = lambda: None
        self.alive = True

    @property
    def pid(self) -> int:
        """The template's process id, which is also its process group."""
        return self._begun.process.pid

    @property
    def ready(self) -> bool:
        """Whether it has loaded and lives, so that a worker is milliseconds away."""
        return self.alive and self._greeting is not None and self._greeting.done()

    async def attach(self, on_death: Callable[[], None]) -> object:
        """Wait until the template has loaded; returns what its handler describes.

        Raises TemplateFailed. `on_death` is called once if the template dies later.
        """
        loop = asyncio.get_running_loop()
        self._greeting = loop.create_future()
        self._on_death = on_death
        self._control.setblocking(False)
        loop.add_reader(self._control.fileno(), self._readable)
        greeting = await self._greeting
        if isinstance(greeting, Failed):
            self.detach()
            raise TemplateFailed(greeting.reason, greeting.details)
        return greeting.description

    def fork(self) -> tuple[socket.socket, asyncio.Future[int]]:
        """A socket to a new worker, and the future of its process id, or of NOT_FORKED.

        The socket can be written to at once. Raises ConnectionError if the template is dead,
        OSError if there is no socket to be had; the future raises ConnectionError if the template
        dies before it answers.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise ConnectionError("the template process is gone") from error
        pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._forks.append(pid)
        return ours, pid

    def stop_forking(self) -> None:
        """End the template but none of its workers; its end is then noticed like any other."""
        self._begun.process.kill()

    def reap_workers(self, options: int = os.WNOHANG) -> None:
        """Reap the workers that became our children when their template died.

        `options` are those of waitpid(2): by default only workers that have ended are reaped; with
        0 it waits for the others.
        """
        try:
            while os.waitpid(-self.pid, options)[0]:
                pass
        except ChildProcessError:
            pass

    def kill(self) -> None:
        """End the template and all its workers now, and reap them. Can be repeated."""
        self.detach()
        self._begun.kill()
        self.reap_workers(options=0)

    def detach(self) -> None:
        """Leave the event loop: nothing more is asked of this template. Can be repeated."""
        if not self.alive:
            return
        self.alive = False
        if self._greeting is not None:
            self._greeting.get_loop().remove_reader(self._control.fileno())
        self._control.close()
        for waiting in self._forks:
            if not waiting.done():
                waiting.set_exception(ConnectionError("the template process is gone"))
        self._forks.clear()

    def _readable(self) -> None:
        try:
            data = self._control.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._died()
            return
        message = pickle.loads(data)
        if self._greeting is not None and not self._greeting.done():
            self._greeting.set_result(message)
        elif self._forks:
            waiting = self._forks.popleft()
            if not waiting.done():
                waiting.set_result(message)

    def _died(self) -> None:
        was_loading = self._greeting is not None and not self._greeting.done()
        self.detach()
        # Non-blocking: the socket closes a moment before the process can be reaped.
        self._begun.process.poll()
        if was_loading and self._greeting is not None:
            self._greeting.set_result(Failed("the template process died while loading", ""))
        else:
            self._on_death()
