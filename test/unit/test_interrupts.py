"""SIGTERM before a server can handle it: the process ends, and its log is written."""

from __future__ import annotations

import subprocess
import sys

from support.environment import environment

PROGRAM = """
import atexit, logging, os, signal
from liftwing_serving import logs
from liftwing_serving.interrupts import end_on_termination

atexit.register(print, "the interpreter is taken down")
logs.configure("INFO", "INFO", "INFO", logs.BackgroundHandler())
end_on_termination()
logging.warning("the last line")
try:
    os.kill(os.getpid(), signal.SIGTERM)
except BaseException as error:
    print(f"an import swallowed {error!r}")
print("it goes on")
"""


def test_termination_ends_a_process_without_an_exception_and_with_its_log_written() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "the last line" in done.stderr
