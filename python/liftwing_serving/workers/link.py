"""The server's end of one worker's socket."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import cast

from liftwing_serving.errors import InternalError
from liftwing_serving.workers import frames
from liftwing_serving.workers.messages import Done, Raised
from liftwing_serving.workers.queue import Job
from liftwing_serving.workers.template import Template

logger = logging.getLogger(__name__)

# A number: to join the two for each look would take longer than the look.
LOOK = int(socket.MSG_PEEK | socket.MSG_DONTWAIT)


class WorkerLink(asyncio.Protocol):
    """Gives one worker one job at a time; tells the pool when that is done and when it is lost.

    `condemned` is one that the pool itself ends.
    """

    def __init__(
        self,
        connection: socket.socket,
        template: Template,
        on_done: Callable[[WorkerLink, Job], None],
        on_lost: Callable[[WorkerLink], None],
    ) -> None:
        self.pid = 0
        self._process = -1
        self.template = template
        self.job: Job | None = None
        self.lost = False
        self.condemned = False
        self._paused = False
        self._connection = connection
        self._on_done = on_done
        self._on_lost = on_lost
        self._decoder = frames.Decoder()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called when the event loop has taken the socket."""
        self._transport = cast(asyncio.Transport, transport)

    def identify(self, pid: int) -> None:
        """Take hold of the process: a number could be another process's once this one was reaped.

        It is this one's if the worker's end of the socket is still open afterwards. Raises OSError.
        """
        self.pid = pid
        if not self.lost:
            self._process = os.pidfd_open(pid)

    def has_ended(self) -> bool:
        """Whether the process is gone, even if the event loop has not come round to it yet."""
        try:
            return self._connection.recv(1, LOOK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def start(self, job: Job) -> None:
        """Send the job's task. The worker must be free."""
        assert self._transport is not None
        self.job = job
        job.attempts += 1
        self._transport.write(job.frame)

    def data_received(self, data: bytes) -> None:
        """Called with results, in pieces of any size; those of a killed worker are ignored."""
        for message in self._decoder.feed(data):
            if not self.condemned:
                self._finish(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called when the process has ended or the pool is closing."""
        self.lost = True
        if self._process >= 0:
            os.close(self._process)
            self._process = -1
        self._on_lost(self)

    def take_job(self) -> Job | None:
        """The unfinished job, if any; the worker has none afterwards."""
        job, self.job = self.job, None
        return job

    def kill(self) -> None:
        """End the process; what it may still send is not heard."""
        self.condemned = True
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """Have the process stand still."""
        self._paused = True
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have it go on."""
        self._paused = False
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process < 0:
            return
        try:
            signal.pidfd_send_signal(self._process, number)
        except ProcessLookupError:
            pass  # It ended by itself, as its socket will show.

    def _finish(self, message: Done | Raised) -> None:
        job = self.take_job()
        if job is None:
            return
        if self._paused:
            # It was done before it was paused, and will have another job.
            self.resume()
        if isinstance(message, Done):
            job.succeed(message.value)
        else:
            job.fail(message.error or InternalError("a task failed", message.details))
        self._on_done(self, job)
