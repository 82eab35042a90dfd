"""Runs the conformance kit with the arguments on each line of input, and tells what it found.

`python kit_process.py FOLDER`; `support.conformance` starts it.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

import pytest


class Outcomes:
    """A plugin of pytest that keeps the names of the checks by what became of them."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {"passed": [], "failed": [], "skipped": []}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Noted once for each check, whose setting up and taking down are reported as well."""
        if report.when == "call" or report.outcome != "passed":
            self.names[report.outcome].append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read fails too."""
        if report.failed:
            self.names["failed"].append(report.nodeid)


def main(folder: str) -> None:
    for line in sys.stdin:
        outcomes, output = Outcomes(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            pytest.main(["-q", "-p", "no:cacheprovider", folder, *json.loads(line)], [outcomes])
        print(json.dumps({**outcomes.names, "output": output.getvalue()}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
