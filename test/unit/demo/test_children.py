"""The processes that the demo starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

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
