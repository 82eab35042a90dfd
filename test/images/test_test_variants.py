"""The variant that Wikimedia's pipeline runs before it builds an image to publish."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.containers import docker
from support.environment import build_environment
from support.processes import ROOT


@pytest.mark.timeout(900)
def test_the_test_variant_checks_style_and_types_and_passes_the_unit_tests(image: str) -> None:
    command = [sys.executable, str(ROOT / "tools/images/build.py"), image, "test"]
    built = subprocess.run(
        command, env=build_environment(), capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    printed = docker("run", "--rm", "--network", "none", f"{image}-test")
    assert "Success: no issues found" in printed
    assert " passed" in printed
