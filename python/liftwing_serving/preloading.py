"""A process that begins to import at once, while this one still reads its settings.

It has the program of a pool's template: told what to load, it loads and then forks.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack

PROGRAM = "liftwing_serving.workers.worker"


class Preloading:
    """The process, the socket to it, and the pipe whose end ends it.

    `imports` is `module:function`, called before anything else: it imports what is sure to be
    needed. Raises OSError if the system has no room for another process.
    """

    def __init__(self, imports: str = "") -> None:
        with ExitStack() as opened:
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            opened.callback(self.control.close)
            lifeline, self._lifeline = os.pipe()
            opened.callback(os.close, self._lifeline)
            try:
                with theirs:
                    self.process = _start(theirs.fileno(), lifeline, imports)
            finally:
                os.close(lifeline)
            # There is a process now, and `kill` closes the pipe.
            opened.pop_all()

    def kill(self) -> None:
        """End the process and all that it forked, and reap it. Can be repeated.

        Closing the lifeline has the kernel kill the group, whose number could be someone else's by
        now. A process that hangs before it minds its lifeline has forked nothing yet.
        """
        self.control.close()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        self.process.kill()
        self.process.wait()


def _start(control: int, lifeline: int, imports: str) -> subprocess.Popen[bytes]:
    """The process with its ends of the two connections. Raises OSError."""
    # Numeric libraries start threads at import, and a process with threads must not fork.
    env = os.environ | {
        name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    # Not `-m`: there the messages' classes would be those of a module named __main__.
    command = [sys.executable, "-c", f"from {PROGRAM} import main; main()"]
    return subprocess.Popen(
        [*command, str(control), str(lifeline), imports],
        pass_fds=(control, lifeline),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env=env,
    )
