"""What a pipeline may know of the checkout that it runs in: the variables of `setup`."""

from __future__ import annotations

import configparser
import os
import pathlib
import subprocess
import time


def setup_values(root: pathlib.Path) -> dict[str, str]:
    """Return project and timestamp, and what git knows; nothing of that where git fails."""
    project = project_name(root)
    values = {
        "project": project.replace("/", "-"),
        "projectShortName": project.rpartition("/")[2],
        "timestamp": time.strftime("%Y-%m-%d-%H%M%S", time.gmtime()),
    }
    known = {
        "commit": commit(root),
        "branch": git(root, "rev-parse", "--abbrev-ref", "HEAD"),
        "remote": git(root, "config", "--get", "remote.origin.url"),
    }
    return values | {name: value for name, value in known.items() if value}


def project_name(root: pathlib.Path) -> str:
    """Return the name that Zuul or .gitreview gives the project, or that of the folder."""
    if os.environ.get("ZUUL_PROJECT"):
        return os.environ["ZUUL_PROJECT"]
    review = configparser.ConfigParser()
    review.read(root / ".gitreview")
    return review.get("gerrit", "project", fallback=root.name).removesuffix(".git")


def commit(root: pathlib.Path) -> str:
    """Return the commit checked out; changes that are in none make it end in `-dirty`."""
    found = git(root, "rev-parse", "HEAD")
    return f"{found}-dirty" if found and git(root, "status", "--porcelain") else found


def git(root: pathlib.Path, *words: str) -> str:
    """Return what git prints, or nothing where it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
