"""What the variables of `setup` say of a checkout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from liftwing_pipeline.checkout import setup_values

GIT = """#!/bin/sh
case "$*" in
    *"rev-parse HEAD") echo c0ffee ;;
    *"status --porcelain") printf '%s' "$CHANGES" ;;
    *"--abbrev-ref HEAD") echo main ;;
    *) exit 1 ;;
esac
"""


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that knows a commit, a branch and, in CHANGES, what is not committed."""
    command = tmp_path / "bin/git"
    command.parent.mkdir()
    command.write_text(GIT)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent))
    monkeypatch.delenv("CHANGES", raising=False)
    monkeypatch.delenv("ZUUL_PROJECT", raising=False)


def test_the_project_is_that_of_gitreview(git: None, tmp_path: Path) -> None:
    (tmp_path / ".gitreview").write_text("[gerrit]\nproject=machine/learning.git\n")
    values = setup_values(tmp_path)
    assert values["project"] == "machine-learning"
    assert values["projectShortName"] == "learning"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}", values["timestamp"])


def test_zuul_names_the_project_first(
    git: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZUUL_PROJECT", "a/b")
    assert setup_values(tmp_path)["project"] == "a-b"


def test_a_commit_with_changes_is_dirty(
    git: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setup_values(tmp_path)["commit"] == "c0ffee"
    monkeypatch.setenv("CHANGES", "?? new.py\n")
    assert setup_values(tmp_path)["commit"] == "c0ffee-dirty"


def test_what_git_does_not_know_has_no_value(
    git: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "remote" not in setup_values(tmp_path)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert {"commit", "branch"}.isdisjoint(setup_values(tmp_path))
