"""The command `blubber`."""

from __future__ import annotations

import pathlib

import pytest
from liftwing_blubber.cli import main


def test_a_dockerfile_is_printed(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "blubber.yaml"
    spec.write_text("version: v4\nvariants: {production: {copies: [local]}}\n")
    assert main([str(spec), "production"]) == 0
    assert capsys.readouterr().out.startswith("FROM scratch AS production\n")


def test_a_refusal_is_one_line(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "blubber.yaml"
    spec.write_text("version: v3\nvariants: {}\n")
    assert main([str(spec), "production"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"{spec}:1: version: only the version v4 is supported\n"


def test_a_file_that_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/no/such/file.yaml", "production"]) == 1
    assert capsys.readouterr().err.startswith("/no/such/file.yaml:1: cannot be read")
