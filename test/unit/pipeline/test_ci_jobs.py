"""The CI entries of deploy/ start each job for what its images are built from, and nothing else."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from liftwing_pipeline.inputs import CHECKOUT, inputs
from liftwing_pipeline.reader import read

ROOT = Path(__file__).parents[3]
CONFIG = ".pipeline/config.yaml"
PIPELINES = read((ROOT / CONFIG).read_text(), CONFIG)
# Its test variant stands for the whole checkout, which all test variants hold.
TESTS_EVERYTHING = "revscoring"
PREFIX = "trigger-inference-services-pipeline-"
# What no commit holds: git ignores it.
IGNORED = ("build/",)
NOT_OF_THE_CHECKOUT = {".git", ".tox", ".venv", "__pycache__", "build"}


@functools.cache
def layout() -> Any:
    return yaml.safe_load((ROOT / "deploy/zuul/layout.yaml").read_text())


@functools.cache
def parts(name: str) -> set[str]:
    """The files and folders whose changes must start a pipeline; `.` is everything."""
    found = {CONFIG, ".dockerignore"}
    for stage in PIPELINES[name].stages:
        assert stage.build
        spec = f".pipeline/{stage.blubberfile}"
        found |= {spec} | inputs((ROOT / spec).read_text(), stage.build.variant, spec)
    if name != TESTS_EVERYTHING:
        found.discard(CHECKOUT)
    return {part for part in found if not part.startswith(IGNORED)}


def is_in(file: str, part: str) -> bool:
    return part == CHECKOUT or file == part or file.startswith(f"{part}/")


@functools.cache
def files_of_the_checkout() -> list[str]:
    return list(_walk())


def _walk() -> Iterator[str]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in NOT_OF_THE_CHECKOUT and not name.endswith((".egg-info", "_cache"))
        ]
        yield from (str((Path(folder) / name).relative_to(ROOT)) for name in names)


def patterns(job: str) -> list[str]:
    """The last entry whose name fits, as Zuul takes it."""
    entries = [entry for entry in layout()["jobs"] if re.match(entry["name"], job)]
    files: list[str] = entries[-1]["files"]
    return files


@pytest.mark.parametrize("name", PIPELINES)
def test_a_changed_file_starts_exactly_the_pipelines_whose_images_it_is_in(name: str) -> None:
    wanted = parts(name)
    files = set(files_of_the_checkout())
    # Files that are not there yet, and names that only begin alike.
    for part in {part for other in PIPELINES for part in parts(other)} - {CHECKOUT}:
        files |= {f"{part}/new.py"} if (ROOT / part).is_dir() else {f"{part}x"}
        files |= {f"{part}-old/new.py", f"docs/{part}"}
    expected = {file for file in files if any(is_in(file, part) for part in wanted)}
    started = {
        file for file in files for pattern in patterns(PREFIX + name) if re.match(pattern, file)
    }
    assert started == expected


def test_each_entry_is_for_one_job_and_each_pattern_for_some_file() -> None:
    jobs = [PREFIX + name for name in PIPELINES]
    files = files_of_the_checkout()
    for entry in layout()["jobs"]:
        assert len([job for job in jobs if re.match(entry["name"], job)]) == 1, entry["name"]
        for pattern in entry["files"]:
            assert any(re.match(pattern, file) for file in files), pattern
    assert len(layout()["jobs"]) == len(jobs)


def test_zuul_starts_tests_for_a_change_and_publishes_what_is_merged() -> None:
    (project,) = layout()["projects"]
    assert project["name"] == "machinelearning/liftwing/inference-services"
    published = [PREFIX + name for name in PIPELINES if name.endswith("-publish")]
    tested = [PREFIX + name for name in PIPELINES if not name.endswith("-publish")]
    assert project["test"] == project["gate-and-submit"] == tested
    assert project["postmerge"] == published


def test_jenkins_has_a_job_for_each_pipeline() -> None:
    (entry,) = yaml.safe_load((ROOT / "deploy/jjb/project-pipelines.yaml").read_text())
    project = entry["project"]
    assert project["pipeline"] == list(PIPELINES)
    names = {
        job.format(name=project["name"], pipeline=pipeline)
        for job in project["jobs"]
        for pipeline in project["pipeline"]
    }
    assert names == {
        f"{start}{PREFIX[8:]}{name}" for start in ("", "trigger-") for name in PIPELINES
    }
