"""Our compiler and docker together make the images that Blubber makes.

BLUBBER_VECTORS names a folder of small specs, each with the facts of the image that Blubber made
of it in expected.json, and measure.py, which compares an image with them.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any, Dict, List

import pytest
from support.environment import build_environment, environment

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FOLDER = os.environ.get("BLUBBER_VECTORS", "")
NETWORK = os.environ.get("DOCKER_BUILD_NETWORK", "default")


def _names(invalid: bool) -> List[Any]:
    if not FOLDER:
        return [pytest.param("", marks=pytest.mark.skip(reason="BLUBBER_VECTORS is not set"))]
    specs = sorted(pathlib.Path(FOLDER).glob("*/expected.json"))
    return [s.parent.name for s in specs if ("error" in json.loads(s.read_text())) is invalid]


def _compile(vector: pathlib.Path, build: Dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "liftwing_blubber", str(vector / build["file"]), build["target"]],
        env=environment({"PYTHONPATH": str(REPOSITORY / "tools" / "blubber")}),
        capture_output=True,
        text=True,
        check=False,
    )


def _copy_context(source: pathlib.Path, target: pathlib.Path, modes: Dict[str, str]) -> None:
    """Copy a context with the modes and links that a checkout may have lost."""
    shutil.copytree(source, target, symlinks=True)
    for path in [target, *target.rglob("*")]:
        if path.is_symlink():
            continue
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)
        if path.is_file() and _is_flattened_link(path):
            text = path.read_text()
            path.unlink()
            path.symlink_to(text)
    for name, mode in modes.items():
        (target / name).chmod(int(mode, 8))


def _is_flattened_link(path: pathlib.Path) -> bool:
    """Whether a file holds nothing but the path of another, as git leaves a link without links."""
    text = path.read_text(errors="replace")
    return bool(text) and "\n" not in text and (path.parent / text).exists()


@pytest.mark.parametrize("name", _names(invalid=False))
def test_the_image_has_the_facts_of_blubbers(
    name: str, docker: List[str], tmp_path: pathlib.Path
) -> None:
    vector = pathlib.Path(FOLDER, name)
    build = json.loads((vector / "expected.json").read_text())["build"]
    compiled = _compile(vector, build)
    assert compiled.returncode == 0, compiled.stderr
    context = tmp_path / "context"
    _copy_context(vector / build["context"], context, build.get("modes", {}))
    image = f"blubber-vector-{name}"
    given = {"--build-arg": build["build_args"], "--label": build["labels"]}
    options = [
        w for flag, pairs in given.items() for k, v in pairs.items() for w in (flag, f"{k}={v}")
    ]
    built = subprocess.run(
        [*docker, "build", "--tag", image, "--network", NETWORK, *options, "--file", "-", context],
        input=compiled.stdout,
        env=build_environment({"DOCKER_BUILDKIT": "1"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    measured = subprocess.run(
        [sys.executable, vector.parent / "measure.py", image, "--check", vector],
        env=build_environment({"DOCKER": docker[0]}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert measured.returncode == 0, measured.stdout + measured.stderr


@pytest.mark.parametrize("name", _names(invalid=True))
def test_what_blubber_refuses_is_refused_before_docker_is_asked(name: str) -> None:
    vector = pathlib.Path(FOLDER, name)
    build = json.loads((vector / "expected.json").read_text())["build"]
    compiled = _compile(vector, build)
    assert compiled.returncode == 1
    assert compiled.stdout == ""
    assert compiled.stderr.startswith(f"{vector / build['file']}:")
    assert compiled.stderr.count("\n") == 1
