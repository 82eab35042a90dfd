"""The bare library in one process: what every score cost before there was a server.

Run as a program it reads revision ids, one a line, and answers each with its seconds.
"""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from pathlib import Path


class Library:
    """The library's process."""

    def __init__(self, model: Path, wiki_url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(model), wiki_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._answer()

    def score(self, rev_id: int) -> float:
        """Seconds it took to extract and score one revision."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{rev_id}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def main() -> None:
    """Answer revision ids from standard input, with the library's documented calls only."""
    warnings.simplefilter("ignore")
    import mwapi
    from revscoring.scoring.models.model import Model
    from revscoring.extractors.api import Extractor

    with open(sys.argv[1], "rb") as stream:
        model = Model.load(stream)
    extractor = Extractor(mwapi.Session(sys.argv[2], user_agent="benchmark of the bare library"))
    print("ready", flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        model.score(list(extractor.extract(int(line), model.features)))
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
