"""Copies of the checkout, in which a defect may be planted and tests run."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from planting import SOURCES

ROOT = Path(__file__).resolve().parents[2]
# Neither source nor needed: `.venv` and `build` are put there in another way.
LEFT_OUT = (".git", ".venv", ".tox", ".hypothesis", ".mypy_cache", ".pytest_cache", "build")


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the checkout, with a Python whose packages of this project are those of the copy.

    When the context is left nothing remains of it: neither files nor processes.
    """
    folder = Path(tempfile.mkdtemp(prefix="mutants-")).resolve()
    try:
        copy = folder / "checkout"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=_left_out)
        (copy / "build").symlink_to(ROOT / "build")
        (folder / "tmp").mkdir()
        _make_environment(copy)
        yield copy
    finally:
        end_processes(copy)
        shutil.rmtree(folder)


def python_of(copy: Path) -> Path:
    """The copy's interpreter."""
    return copy / ".venv/bin/python"


def end_processes(copy: Path) -> None:
    """Kill all processes that the copy's interpreter runs, which tests may have left behind."""
    while running := list(_processes(copy)):
        for pid in running:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _processes(copy: Path) -> Iterator[int]:
    """Process ids; a process that has ended has no command any more."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cmdline").read_bytes().startswith(os.fsencode(f"{copy}/")):
                yield int(process.name)


def _left_out(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if Path(folder) == ROOT and name in LEFT_OUT}


def _make_environment(copy: Path) -> None:
    """A virtual environment that finds the copy's packages first, then all of ours.

    Not PYTHONPATH: the servers that tests start would not see it.
    """
    ours, its = Path(sys.prefix), copy / ".venv"
    packages = Path(sysconfig.get_path("purelib"))
    (its / packages.relative_to(ours)).mkdir(parents=True)
    first = "".join(f"{copy / source}\n" for source in SOURCES)
    then = f"import site; site.addsitedir({str(packages)!r})\n"
    (its / packages.relative_to(ours) / "copy.pth").write_text(first + then)
    shutil.copy(ours / "pyvenv.cfg", its)
    (its / "bin").mkdir()
    for name in (ours / "bin").glob("python*"):
        # Under any of these names a program may ask for it.
        if name.is_symlink():
            (its / "bin" / name.name).symlink_to(Path(sys.executable).resolve())
    for program in (ours / "bin").iterdir():
        beginning = os.fsencode(f"#!{ours}/")
        if program.is_file() and program.read_bytes().startswith(beginning):
            text = program.read_bytes().replace(beginning, os.fsencode(f"#!{its}/"), 1)
            (its / "bin" / program.name).write_bytes(text)
            (its / "bin" / program.name).chmod(0o755)
