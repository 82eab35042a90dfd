"""Clients that take little of the cores they share with a server: wrk, of Debian's package wrk."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory


def requests_per_second(url: str, bodies: Sequence[str], clients: int, seconds: int) -> float:
    """How many of the POSTs, sent in turns, were answered. Raises ValueError if one was not
    answered with 200."""
    listed = ",\n".join(json.dumps(body) for body in bodies)
    with TemporaryDirectory() as folder:
        script = Path(folder, "post.lua")
        script.write_text(
            'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
            f"local bodies, turn = {{{listed}}}, 0\n"
            "request = function()\n  turn = turn % #bodies + 1\n"
            "  return wrk.format(nil, nil, nil, bodies[turn])\nend\n"
        )
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", str(script), url]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise ValueError(printed)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", printed)
    return float(found[1]) if found else 0.0
