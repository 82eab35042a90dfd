"""A log line is one JSON object that tells which request it is of."""

import contextvars
import json
import logging

from liftwing_serving import logs


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
