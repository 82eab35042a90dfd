"""Defects that are put into the code, and the table of those that tests notice."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from support.environment import environment
from support.processes import ROOT, wait_until

PROGRAM = [sys.executable, str(ROOT / "tools/mutants/mutants.py")]

DEFECTS = """
[[mutant]]
name = "overdrawn"
where = "liftwing_serving.deadline:Deadline.remaining"
replace = "max(0.0, self.at - time.monotonic())"
by = "self.at - time.monotonic()"
tests = ["test/unit/test_deadline.py::test_remaining_is_never_negative"]
[[mutant]]
name = "unseen"
where = "liftwing_serving.deadline:Deadline.later"
replace = "self.at + seconds"
by = "self.at"
tests = ["test/unit/test_deadline.py::test_work_within_the_deadline_returns_its_result"]
"""
EXPLAINED = DEFECTS + 'missed = "No test looks."\n'
HANGING = """
[[mutant]]
name = "stuck"
where = "liftwing_serving.deadline:Deadline.passed"
replace = "return time.monotonic() >= self.at"
by = "time.sleep(3600)"
tests = ["test/unit/test_deadline.py::test_remaining_is_never_negative"]
"""


def start(defects: str, folder: Path) -> subprocess.Popen[str]:
    """The program with defects of its own, and a folder to itself for what it leaves behind."""
    (folder / "lists").mkdir()
    (folder / "lists/some.toml").write_text(defects)
    (folder / "tmp").mkdir()
    return subprocess.Popen(
        [*PROGRAM, "--folder", str(folder / "lists")],
        env=environment({"TMPDIR": str(folder / "tmp"), "COLUMNS": "200"}),
        stdout=subprocess.PIPE,
        text=True,
    )


def remains(folder: Path) -> list[str]:
    """Files, and processes of the copy's interpreter."""
    commands = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            commands.append((process / "cmdline").read_text())
        except OSError:
            continue
    copies = str(folder / "tmp")
    running = [command for command in commands if command.startswith(copies)]
    return [*map(str, (folder / "tmp").iterdir()), *running]


def test_the_table_tells_which_test_caught_a_defect_and_which_defect_none(tmp_path: Path) -> None:
    before = (ROOT / "python/liftwing_serving/deadline.py").read_text()
    program = start(DEFECTS, tmp_path)
    printed, _ = program.communicate(timeout=100)
    rows = [line.split() for line in printed.splitlines()]
    (caught,) = [row for row in rows if "overdrawn" in row and "│" in row]
    assert "caught" in caught
    assert "test_deadline.py::test_remaining_is_never_negative" in caught
    (missed,) = [row for row in rows if "unseen" in row and "│" in row]
    assert "missed" in missed
    assert program.returncode == 1
    assert (ROOT / "python/liftwing_serving/deadline.py").read_text() == before
    assert remains(tmp_path) == []


def test_a_miss_that_is_explained_is_no_failure(tmp_path: Path) -> None:
    program = start(EXPLAINED, tmp_path)
    printed, _ = program.communicate(timeout=100)
    assert "explained: No test looks." in printed
    assert program.returncode == 0


def test_ctrl_c_leaves_neither_files_nor_processes(tmp_path: Path) -> None:
    program = start(HANGING, tmp_path)
    assert program.stdout is not None
    assert "pass without a defect" in program.stdout.readline()
    wait_until(lambda: len(remains(tmp_path)) > 1, 30, "tests run")
    program.send_signal(signal.SIGINT)
    assert program.wait(60) == 130
    program.stdout.close()
    assert remains(tmp_path) == []
