"""What the machine exports reaches no test and no process that a test starts."""

from __future__ import annotations

import ast
import os
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from liftwing_serving.settings import Settings
from support.environment import environment
from support.processes import ROOT, EventGate, ModelServer

TESTS = ROOT / "test"
STARTS = {"Popen", "call", "check_call", "check_output", "run"}
POISON = "poison of the machine"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*map(str.upper, Settings.model_fields), "OMP_NUM_THREADS", "PYTHONPATH"):
        monkeypatch.setenv(name, POISON)


def environment_of(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if entry)


def test_tests_see_no_setting_of_the_machine(exported: None) -> None:
    runpy.run_path(str(TESTS / "conftest.py"))
    seen = [name for name in Settings.model_fields if name.upper() in os.environ]
    assert seen == []


def test_a_started_process_gets_nothing_but_what_it_needs_and_what_is_given(
    exported: None, tmp_path: Path
) -> None:
    server = ModelServer(tmp_path / "log", {"WIKI_HOST": "given"}, wait=False)
    eventgate = EventGate()
    try:
        of_server, of_demo = map(environment_of, (server.process.pid, eventgate.process.pid))
    finally:
        server.process.kill()
        server.process.wait()
        eventgate.close()
    leaked = [name for name, value in [*of_server.items(), *of_demo.items()] if value == POISON]
    assert leaked == []
    assert of_server["WIKI_HOST"] == "given"
    assert sorted(of_demo) == sorted(environment())


def test_every_process_of_a_test_is_started_with_such_an_environment() -> None:
    wrong = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in starts_without_environment(ast.parse(path.read_text()))
    ]
    assert wrong == []


def test_the_whole_environment_is_read_in_one_place_only() -> None:
    wrong = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in uses_of_the_whole_environment(ast.parse(path.read_text()))
        if path.name not in ("environment.py", Path(__file__).name)
    ]
    assert wrong == []


def starts_without_environment(module: ast.Module) -> Iterator[int]:
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("subprocess"), attr=name)):
                if name in STARTS and "env" not in {keyword.arg for keyword in node.keywords}:
                    yield node.lineno


def uses_of_the_whole_environment(module: ast.Module) -> Iterator[int]:
    """Lines that have `os.environ` other than to get or set one variable."""
    single = {
        id(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Subscript)
        or (isinstance(node, ast.Attribute) and node.attr in ("get", "pop", "setdefault"))
    }
    for node in ast.walk(module):
        match node:
            case ast.Attribute(value=ast.Name("os"), attr="environ") if id(node) not in single:
                yield node.lineno
