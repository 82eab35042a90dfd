"""The pipelines of .pipeline/config.yaml, run as CI runs them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import yaml
from support.containers import docker
from support.environment import build_environment
from support.processes import ROOT

sys.path.insert(0, str(ROOT / "tools/images"))

from inventory import Image, images  # noqa: E402

PARTS = ("runtime", "checkers", "checkout", "test")


def basis(image: Image) -> str:
    """What its test variant is made from."""
    variants = yaml.safe_load((ROOT / image.spec).read_text())["variants"]
    return json.dumps([variants[part] for part in PARTS])


# A run takes a minute or two. Of those alike the first is run: of images with dictionaries, and of
# images without.
FIRST = {basis(image): image.name for image in reversed(images().values())}
PAIRS = [
    (FIRST[basis(image)], image.name)
    for image in images().values()
    if image.name not in FIRST.values()
]
STAGES = ["run-test", "production"]

Built = Callable[..., str]

pytestmark = pytest.mark.timeout(900)


@cache
def pipeline(name: str, *options: str) -> tuple[dict[str, str], str]:
    """The images that its stages build, and what it prints on the way."""
    done = subprocess.run(
        [ROOT / "tools/pipeline/run.py", "run", name, *options],
        env=build_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = re.findall(r"^([\w-]+)\t(sha256:[0-9a-f]{64})$", done.stdout, re.M)
    assert [stage for stage, _ in made] == STAGES
    return dict(made), done.stderr


def builds(name: str) -> dict[str, str]:
    """The images of a pipeline, built by its run if that is tested here."""
    made, _ = pipeline(name) if name in FIRST.values() else pipeline(name, "--only-build")
    return made


def details(image: str) -> dict[str, Any]:
    """What Docker knows of an image."""
    (found,) = json.loads(docker("image", "inspect", image))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", FIRST.values())
def test_a_pipeline_checks_style_and_types_and_passes_the_unit_tests(name: str) -> None:
    _, printed = pipeline(name)
    assert "Success: no issues found" in printed
    assert " passed" in printed


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_another_pipeline_would_run_the_same_on_the_same_layers(one: str, other: str) -> None:
    tests = [details(builds(name)["run-test"]) for name in (one, other)]
    first, second = [(it["RootFS"], it["Config"]["Entrypoint"]) for it in tests]
    assert first == second


@pytest.mark.parametrize("name", images())
def test_a_pipeline_builds_the_image_that_is_tested_here(name: str, built: Built) -> None:
    production = details(builds(name)["production"])
    assert production["RootFS"] == details(built(name))["RootFS"]
    assert production["Config"]["Labels"]["ci.pipeline"] == name
