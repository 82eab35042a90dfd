"""A pipeline of .pipeline/config.yaml, run as CI does."""

from __future__ import annotations

import re
import subprocess

import pytest
from support.environment import build_environment
from support.processes import ROOT

PIPELINE = "editquality"


@pytest.mark.timeout(900)
def test_a_pipeline_tests_the_checkout_and_builds_production(docker: list[str]) -> None:
    done = subprocess.run(
        [ROOT / "tools/pipeline/run.py", "run", PIPELINE],
        env=build_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert " passed" in done.stderr
    images = dict(re.findall(r"^([\w-]+)\t(sha256:[0-9a-f]{64})$", done.stdout, re.M))
    assert list(images) == ["run-test", "production"]
    label = '{{index .Config.Labels "ci.pipeline"}}'
    told = subprocess.run(
        [*docker, "image", "inspect", "--format", label, images["production"]],
        env=build_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == PIPELINE
