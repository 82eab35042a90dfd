"""What the workers of the plain example do."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any


class Handler:
    """Looks words up in a file of JSON."""

    def __init__(self, path: Path) -> None:
        self._meanings: dict[str, str] = json.loads(path.read_text())

    def describe(self) -> None:
        """Nothing that the server should know."""

    def __call__(self, word: str) -> dict[str, Any]:
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "hang":
            time.sleep(60)
        return {"meaning": self._meanings.get(word), "pid": os.getpid()}
