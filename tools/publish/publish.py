#!/usr/bin/env python3
"""Publish images of .pipeline/config.yaml, with what they contain; see docs/publishing.md."""

import os
import pathlib
import sys

TOOLS = pathlib.Path(__file__).resolve().parents[1]
VENV = TOOLS.parent / ".venv"

# The packages that it needs are there, whichever Python has started this.
if VENV.exists() and not os.path.samefile(sys.prefix, VENV):
    python = str(VENV / "bin/python")
    os.execv(python, [python, *sys.argv])

sys.path[:0] = [str(TOOLS / name) for name in ("images", "blubber", "pipeline")]

from liftwing_publish.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
