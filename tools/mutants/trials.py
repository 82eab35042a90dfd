"""Runs the tests that should notice a defect, and tells whether one did."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import xml.etree.ElementTree as xml
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from copies import end_processes, python_of
from defects import Defect
from planting import module_of, planted

# Of one test, and of one that is expected to hang.
TEST_SECONDS, HANGING_SECONDS = 60, 15
TRIAL_SECONDS = 300.0
# For pytest to close what tests opened, once it is told to stop.
CLOSING_SECONDS = 20.0

ALL_PASSED, SOME_FAILED = 0, 1
TIMEOUT = "Failed: Timeout"


class Outcome(Enum):
    """What became of a trial."""

    CAUGHT = "caught"
    MISSED = "missed"
    HUNG = "hung"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Result:
    """A trial's outcome; `test` is the one that failed first, `output` what pytest said."""

    outcome: Outcome
    seconds: float
    test: str = ""
    output: str = ""


async def try_out(defect: Defect, copy: Path) -> Result:
    """Plant the defect, and run its tests until one fails."""
    limit = [f"--timeout={TEST_SECONDS}"]
    if defect.hangs:
        # Of the test alone: what it needs may take long to start.
        limit = [f"--timeout={HANGING_SECONDS}", "-o", "timeout_func_only=true"]
    with _in_place(defect, copy):
        result = await run_tests(copy, ["-x", *limit, *defect.tests])
    if result.outcome is Outcome.HUNG and defect.hangs and result.test:
        return Result(Outcome.CAUGHT, result.seconds, result.test, result.output)
    return result


async def run_tests(copy: Path, arguments: Iterable[str], limit: float = TRIAL_SECONDS) -> Result:
    """Run pytest in the copy. Whatever it started has ended when this returns."""
    report = copy.parent / "report.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", "-o", "junit_family=xunit1"]
    command = [str(python_of(copy)), "-m", "pytest", *options, *arguments]
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=copy,
        env=os.environ | {"TMPDIR": str(copy.parent / "tmp")},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # A terminal's Ctrl-C is this program's alone.
        process_group=0,
    )
    try:
        async with asyncio.timeout(limit):
            output = (await process.communicate())[0].decode(errors="replace")
    except TimeoutError:
        return Result(Outcome.HUNG, time.monotonic() - started)
    finally:
        await _end(process)
        end_processes(copy)
    test, reason = _first_failure(report)
    outcome = _outcome(process.returncode, test, reason)
    return Result(outcome, time.monotonic() - started, test, output)


def _outcome(status: int | None, test: str, reason: str) -> Outcome:
    if status == ALL_PASSED:
        return Outcome.MISSED
    # An error within pytest, or while it collects tests, is not a test that notices.
    if status != SOME_FAILED or not test:
        return Outcome.BROKEN
    return Outcome.HUNG if reason.startswith(TIMEOUT) else Outcome.CAUGHT


def _first_failure(report: Path) -> tuple[str, str]:
    """The test that failed first, and why; empty if there is none."""
    try:
        cases = xml.parse(report).iter("testcase")
    except (OSError, xml.ParseError):
        return "", ""
    for case in cases:
        for trouble in (*case.findall("failure"), *case.findall("error")):
            if file := case.get("file"):
                return f"{file}::{case.get('name')}", trouble.get("message", "")
    return "", ""


async def _end(process: asyncio.subprocess.Process) -> None:
    """Have pytest stop, and its tests close what they opened."""
    for sent in (signal.SIGINT, signal.SIGKILL):
        if process.returncode is not None:
            return
        process.send_signal(sent)
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                # Not wait(): pytest would not end while nobody reads what it prints.
                await process.communicate()
        except TimeoutError:
            pass


@contextmanager
def _in_place(defect: Defect, copy: Path) -> Iterator[None]:
    """A context in which the copy has the defect."""
    file = module_of(defect, copy)
    before, times = file.read_text(), file.stat()
    try:
        file.write_text(planted(before, defect))
        yield
    finally:
        file.write_text(before)
        # What was compiled of the file with the defect is older than this, or younger: never used.
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
