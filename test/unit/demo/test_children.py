"""The processes that the demo starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from liftwing_demo.children import Children
from support.environment import environment

CHILD = """
import os, signal, sys, time
# Not by print, which a signal may interrupt and which then refuses to be called again.
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"interrupted\\n"))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(os.write(1, b"terminated\\n") and 0))
os.write(1, b"up\\n")
while True:
    time.sleep(60)
"""
DEMO = f"""
import sys, time
from liftwing_demo.children import Children
with Children() as children:
    children.start("child", [sys.executable, "-c", {CHILD!r}], {{}})
    print("started", flush=True)
    time.sleep(60)
"""


def test_ctrl_c_of_a_terminal_is_for_the_demo_which_then_stops_its_children() -> None:
    demo = subprocess.Popen(
        [sys.executable, "-c", DEMO],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    assert {demo.stdout.readline() for _ in range(2)} == {"up\n", "started\n"}
    # A terminal signals the whole process group in front of it.
    os.killpg(demo.pid, signal.SIGINT)
    # What was printed until the child has ended too.
    printed, errors = demo.communicate(timeout=60)
    assert printed == "terminated\n"
    assert errors.count("KeyboardInterrupt") == 1


@pytest.mark.parametrize(
    ("code", "how"),
    [("raise SystemExit(3)", "status 3"), ("import os; os.kill(os.getpid(), 9)", "SIGKILL")],
)
def test_who_ended_by_itself_is_named_and_how(code: str, how: str) -> None:
    with Children() as children:
        children.start("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], {})
        assert children.ended() is None
        children.start("server", [sys.executable, "-c", code], {})
        give_up = time.monotonic() + 30
        while not (ended := children.ended()):
            assert time.monotonic() < give_up
            time.sleep(0.01)
    assert ended == f"server ended by itself ({how})"


SIGNALLED = """
import os, signal, time
from liftwing_demo.run import stop_at_signals
{before}
stop_at_signals()
try:
    os.kill(os.getpid(), signal.SIGHUP)
    time.sleep(0.05)
    print("goes on")
except KeyboardInterrupt:
    print("stops")
"""


@pytest.mark.parametrize(
    ("before", "printed"),
    [("", "stops"), ("signal.signal(signal.SIGHUP, signal.SIG_IGN)", "goes on")],
    ids=["terminal", "nohup"],
)
def test_a_terminal_that_closes_stops_the_demo_unless_it_was_told_otherwise(
    before: str, printed: str
) -> None:
    command = [sys.executable, "-c", SIGNALLED.format(before=before)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert done.stdout == f"{printed}\n", done.stderr
