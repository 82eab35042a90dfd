"""Log lines: one JSON object each, with the id of the request they belong to."""

from __future__ import annotations

import contextvars
import logging
import re
import sys
import uuid
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)
_notes: contextvars.ContextVar[Mapping[str, object]] = contextvars.ContextVar("notes", default={})

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


def configure(ours: str, libraries: str, access: str) -> None:
    """Send all log lines and warnings to standard error as JSON.

    The levels, by name in any case, are those of this project and KServe, of the other libraries,
    and of uvicorn's access log. Raises ValueError for a level that `logging` does not know.
    """
    logging.captureWarnings(True)
    # KServe answers with a class that FastAPI would like replaced; not ours to change.
    warnings.filterwarnings("ignore", message="ORJSONResponse is deprecated")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
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
