"""The conformance kit stands alone, and its document says what is in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.environment import environment

ROOT = Path(__file__).parents[2]
KIT = ROOT / "test/conformance"
DOCUMENT = (ROOT / "docs/conformance.md").read_text()
# What the document tells strangers to install, and what comes with it.
INSTALLED = {"pytest", "httpx", "jsonschema", "grpc", "google", "tritonclient"}


def packages_imported_by(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module
            yield node.module.partition(".")[0]


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)


def test_the_kit_imports_nothing_of_this_project() -> None:
    allowed = INSTALLED | sys.stdlib_module_names | {KIT.name}
    imported = {name for path in KIT.glob("*.py") for name in packages_imported_by(path)}
    assert imported - allowed == set()


def test_the_kit_wants_to_know_which_server() -> None:
    run = pytest_in(ROOT, "test/conformance")
    assert run.returncode != 0
    assert "--url http://HOST:PORT" in run.stderr


def test_the_kit_says_at_once_that_there_is_no_server() -> None:
    run = pytest_in(ROOT, "test/conformance", "--url", "http://127.0.0.1:1")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no server answers at http://127.0.0.1:1" in run.stdout


def test_a_run_of_all_tests_has_none_of_the_kits() -> None:
    others = [f"--ignore={folder}" for folder in ("images", "integration", "unit")]
    run = pytest_in(ROOT / "test", "--collect-only", ".", *others)
    assert run.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, run.stdout + run.stderr


def test_the_document_names_each_file_and_each_flag() -> None:
    files = {path.name for path in KIT.glob("test_*.py")}
    assert set(re.findall(r"^\| `(test_\w+\.py)`", DOCUMENT, re.M)) == files
    flags = set(re.findall(r'addoption\("(--\w+)"|^        "(--\w+)",', _conftest(), re.M))
    assert {a or b for a, b in flags} == set(re.findall(r"^\| `(--\w+)`", DOCUMENT, re.M))


def _conftest() -> str:
    return (KIT / "conftest.py").read_text()
