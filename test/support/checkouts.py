"""Copies of the checkout, for tests that change it."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.environment import environment
from support.processes import ROOT

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".tox", ".venv", "build", "__pycache__", "*_cache", "*.egg-info"
)
# Folders whose packages the checkout's own .venv finds, and a copy's shall find in the copy.
PACKAGES = ("python", "demo", "tools/blubber")


def copy_checkout(target: Path) -> Path:
    """Copy the sources, with whatever is in no commit yet; returns the folder."""
    shutil.copytree(ROOT, target, symlinks=True, ignore=LEFT_OUT)
    return target


def environment_of(checkout: Path) -> dict[str, str]:
    """Surroundings in which a copy's own packages are imported."""
    return environment({"PYTHONPATH": ":".join(str(checkout / name) for name in PACKAGES)})
