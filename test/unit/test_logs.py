"""A log line is one JSON object that tells which request it is of."""

from __future__ import annotations

import contextvars
import fcntl
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from liftwing_serving import logs
from support.environment import environment
from support.processes import wait_until


def line(**extra: object) -> dict[str, object]:
    record = logging.makeLogRecord(
        {"name": "test", "levelname": "INFO", "msg": "hello %s", "args": ("you",)} | extra
    )
    formatted = logs.JsonFormatter().format(record)
    assert "\n" not in formatted
    parsed: dict[str, object] = json.loads(formatted)
    return parsed


def test_a_line_has_time_level_logger_and_message() -> None:
    parsed = line()
    assert parsed["message"] == "hello you"
    assert parsed["level"] == "INFO"
    assert parsed["logger"] == "test"
    assert str(parsed["time"]).endswith("+00:00")
    assert "request_id" not in parsed


def test_a_line_within_a_request_carries_its_id() -> None:
    token = logs.request_id.set("abc-1")
    try:
        assert line()["request_id"] == "abc-1"
    finally:
        logs.request_id.reset(token)


def test_a_line_carries_what_was_noted_of_its_request() -> None:
    def of_a_request() -> dict[str, object]:
        logs.note(rev_id=12)
        logs.note(wiki="enwiki")
        return line()

    parsed = contextvars.copy_context().run(of_a_request)
    assert (parsed["rev_id"], parsed["wiki"]) == (12, "enwiki")
    assert "rev_id" not in line()


def test_extras_and_tracebacks_stay_within_the_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        parsed = line(exc_info=(type(error), error, error.__traceback__), rev_id=12, odd={1: set()})
    assert parsed["rev_id"] == 12
    assert "two\nlines" in str(parsed["traceback"])


class Pipe:
    """A small pipe, which nobody reads until it is told to."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, 16_384)
        os.set_blocking(self.reader, False)
        self.text = b""

    def take(self) -> bytes:
        """What is in the pipe now."""
        text = b""
        try:
            while piece := os.read(self.reader, 1 << 16):
                text += piece
        except BlockingIOError:
            pass
        return text

    def read(self) -> list[str]:
        """The messages of all lines until now, each of which must be JSON."""
        self.text += self.take()
        return [json.loads(line)["message"] for line in self.text.splitlines() if line]

    def close(self) -> None:
        os.close(self.reader)
        os.close(self.writer)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


@pytest.fixture
def drops() -> list[None]:
    return []


def record(message: str) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "test", "levelname": "INFO", "msg": message})


def log_many(handler: logging.Handler, messages: list[str]) -> None:
    """Must take no longer than formatting does, with nobody who reads."""
    started = time.monotonic()
    for message in messages:
        handler.handle(record(message))
    assert time.monotonic() - started < 20, "somebody waited for the reader"


MESSAGES = [f"{number} {'x' * 100}" for number in range(300)]


def test_fault_25_a_reader_who_comes_late_misses_nothing(pipe: Pipe, drops: list[None]) -> None:
    handler = logs.BackgroundHandler(lambda: drops.append(None), pipe.writer)
    log_many(handler, MESSAGES)
    wait_until(lambda: pipe.read() == MESSAGES, 60, "all lines are written")
    assert drops == []


def test_what_finds_no_room_in_the_queue_is_counted_and_told_of(
    pipe: Pipe, drops: list[None]
) -> None:
    handler = logs.BackgroundHandler(lambda: drops.append(None), pipe.writer, 20_000)
    log_many(handler, MESSAGES)
    assert 0 < len(drops) < 300
    wait_until(lambda: len(pipe.read()) >= len(MESSAGES) - len(drops), 60, "some are written")
    wait_until(lambda: say_again(handler, pipe), 60, "there is room again")
    told = [int(text.split()[0]) for text in pipe.read() if text.endswith(" lines were dropped")]
    assert sum(told) == len(drops)
    kept = [text for text in pipe.read() if text in MESSAGES]
    assert kept == sorted(kept, key=MESSAGES.index)
    assert len(MESSAGES) - len(kept) <= len(drops)


def say_again(handler: logging.Handler, pipe: Pipe) -> bool:
    handler.handle(record("again"))
    return "again" in pipe.read()


@pytest.mark.parametrize("length", [100, 3_000, 30_000])
def test_a_process_that_forks_writes_what_there_is_room_for(
    pipe: Pipe, drops: list[None], length: int
) -> None:
    handler = logs.StderrHandler(lambda: drops.append(None), pipe.writer)
    log_many(handler, [f"{number} {'x' * length}" for number in range(1000)])
    assert 900 < len(drops) <= 1000
    # Only a line that is longer than the pipe may be torn, and none that comes after it.
    text = pipe.take()
    handler.handle(record("again"))
    *before, told, again = (text + pipe.take()).splitlines()
    assert json.loads(told)["message"] == f"{len(drops)} lines were dropped"
    assert json.loads(again)["message"] == "again"
    assert all(json.loads(line) for line in before if length < 16_000)


@pytest.mark.parametrize("kind", [logs.StderrHandler, logs.BackgroundHandler])
def test_lines_that_nobody_can_read_any_more_are_dropped(
    kind: Callable[..., logging.Handler], drops: list[None]
) -> None:
    reader, writer = os.pipe()
    handler = kind(lambda: drops.append(None), writer)
    os.close(reader)
    log_many(handler, MESSAGES[:3])
    wait_until(lambda: len(drops) == 3, 60, "all are dropped")
    os.close(writer)


def test_a_line_that_cannot_be_formatted_is_told_of(pipe: Pipe) -> None:
    logs.StderrHandler(fd=pipe.writer).handle(record("lone \ud800 surrogate"))
    assert pipe.read() == ["a log line of test could not be formatted"]


END = """
import logging
from liftwing_serving import logs
logs.configure("INFO", "INFO", "INFO", logs.BackgroundHandler())
for number in range(1000):
    logging.getLogger().warning("%d", number)
"""


def test_the_last_lines_are_written_before_the_process_ends() -> None:
    command = [sys.executable, "-c", END]
    ended = subprocess.run(command, env=environment(), capture_output=True, timeout=60, check=True)
    assert [json.loads(line)["message"] for line in ended.stderr.splitlines()] == [
        str(number) for number in range(1000)
    ]


def test_a_process_whose_log_nobody_reads_ends_all_the_same(pipe: Pipe) -> None:
    command = [sys.executable, "-c", END]
    subprocess.run(command, env=environment(), stderr=pipe.writer, timeout=60, check=True)
