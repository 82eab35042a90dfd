"""Log lines: one JSON object each, with the id of the request they belong to.

Nobody waits for who reads them. A server's lines wait in a bounded queue for a thread that writes
them; a process that forks may have no thread, and writes itself what can be written at once. What
finds no room is dropped, counted, and told of by a line when there is room again.
"""

from __future__ import annotations

import contextvars
import logging
import os
import re
import select
import threading
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)
_notes: contextvars.ContextVar[Mapping[str, object]] = contextvars.ContextVar("notes", default={})

STDERR = 2
MAX_WAITING_BYTES = 4 << 20
# How long a process that ends waits for its last lines to be written.
FLUSH_SECONDS = 0.5

# What may stand in a log line and in a header as it came.
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/-]{1,128}")

# What the interpreter puts on every record; everything else came through `extra=`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def sane_request_id(given: str) -> str:
    """The caller's id if it is harmless, else a new one."""
    return given if _SANE_REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


def note(**fields: object) -> None:
    """Add fields to the request's further log lines, such as the revision it is about."""
    _notes.set({**_notes.get(), **fields})


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, request_id, notes, extras."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (of_request := request_id.get()) is not None:
            line["request_id"] = of_request
        line.update(_notes.get())
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class StderrHandler(logging.Handler):
    """Writes lines to a file descriptor without waiting for its reader; `on_drop` is called for
    each line that is dropped. May be used before a fork and after it.
    """

    def __init__(self, on_drop: Callable[[], None] = lambda: None, fd: int = STDERR) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self._fd = fd
        self._on_drop = on_drop
        self._dropped = 0
        self._torn = False
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises, and never waits."""
        try:
            text = self.format(record)
        except Exception:
            text = self._text_of_ours("a log line of %s could not be formatted", record.name)
        if self._dropped and self._put(self._text_of_ours("%d lines were dropped", self._dropped)):
            self._dropped = 0
        if not self._put(text):
            self._drop()

    def _put(self, text: str) -> bool:
        """Write a line; false if it has to be dropped."""
        line = (f"\n{text}\n" if self._torn else f"{text}\n").encode(errors="replace")
        left = memoryview(line)
        try:
            while left:
                # A pipe that can be written to has room for so much.
                if not self._poll.poll(0):
                    break
                left = left[os.write(self._fd, left[: select.PIPE_BUF]) :]
        except OSError:
            pass  # Nobody is there to read.
        if len(left) < len(line):
            self._torn = bool(left)
        return not left

    def _drop(self) -> None:
        self._dropped += 1
        self._on_drop()

    def _text_of_ours(self, message: str, *args: object) -> str:
        record = logging.LogRecord(__name__, logging.ERROR, __file__, 0, message, args, None)
        return self.format(record)


class BackgroundHandler(StderrHandler):
    """Has a thread write the lines, so that a reader who is late for a while misses none."""

    def __init__(
        self,
        on_drop: Callable[[], None] = lambda: None,
        fd: int = STDERR,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        super().__init__(on_drop, fd)
        self._max_waiting_bytes = max_waiting_bytes
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._write_forever, name="log lines", daemon=True).start()

    def flush(self) -> None:
        """Wait a little for what is not written yet; logging calls it when the process ends."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lines, FLUSH_SECONDS)

    def _put(self, text: str) -> bool:
        line = f"{text}\n".encode(errors="replace")
        with self._changed:
            if self._waiting_bytes + len(line) > self._max_waiting_bytes:
                return False
            self._lines.append(line)
            self._waiting_bytes += len(line)
            self._changed.notify_all()
        return True

    def _write_forever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                line = self._lines[0]
            if not self._written(line):
                self._on_drop()
            with self._changed:
                self._lines.popleft()
                self._waiting_bytes -= len(line)
                self._changed.notify_all()

    def _written(self, line: bytes) -> bool:
        left = memoryview(line)
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:
                self._poll.poll()
            except OSError:
                return False
        return True


def configure(
    ours: str, libraries: str, access: str, handler: logging.Handler | None = None
) -> None:
    """Send all log lines and warnings to standard error as JSON, at these levels.

    Without a handler they are written by who logs them, as far as there is room: for processes
    that fork.
    """
    logging.captureWarnings(True)
    # KServe answers with a class that FastAPI would like replaced; not ours to change.
    warnings.filterwarnings("ignore", message="ORJSONResponse is deprecated")
    root = logging.getLogger()
    root.handlers = [handler or StderrHandler()]
    root.setLevel(libraries.upper())
    for name in ("liftwing_serving", "kserve"):
        logging.getLogger(name).setLevel(ours.upper())
    # A line per request and stage would cost more than the request itself outside extraction.
    logging.getLogger("kserve.trace").setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "kserve", "kserve.trace"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").setLevel(access.upper())
