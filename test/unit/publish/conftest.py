"""The publisher, importable."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("images", "blubber", "pipeline", "publish")
sys.path[:0] = [str(ROOT / "tools" / name) for name in TOOLS]
