"""`liftwing-serving new`: what it writes passes all that a checkout is held to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from liftwing_serving.cli.commands import app
from support.checkouts import copy_checkout, environment_of
from support.processes import ROOT
from typer.testing import CliRunner, Result

# The first ends in the name of the image by which the lists are extended.
FIRST, SECOND = "edit-outlink-transformer", "x9"
TESTS = [f"test/unit/{name.replace('-', '_')}" for name in (FIRST, SECOND)]
# Where Python is written.
WRITTEN = [FIRST, SECOND, *TESTS]
CHECKS = [
    *TESTS,
    "test/unit/plain/test_families.py",
    "test/unit/test_image_specs.py",
    "test/unit/pipeline/test_ci_jobs.py",
    "test/unit/pipeline/test_config.py",
    "test/unit/test_imports.py::test_a_model_server_takes_nothing_but_its_family",
    "test/unit/test_imports.py::test_names_of_a_room_are_taken_from_its_face",
    "test/unit/test_docs.py::test_links_and_paths_in_a_document_lead_somewhere",
    "test/unit/test_docs.py::test_no_document_promises_a_setting_that_does_not_exist",
]


def new(name: str, folder: Path) -> Result:
    """What the command does in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # Without the hyphens, a name that starts with one would be an option.
        return CliRunner().invoke(app, ["new", "--", name])


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command reads of a checkout."""
    checkout = tmp_path_factory.mktemp("pristine")
    for name in (".pipeline", "deploy", "tools/new", "test/unit/server"):
        shutil.copytree(ROOT / name, checkout / name)
    return checkout


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with two new families, the second made from a folder within."""
    checkout = copy_checkout(tmp_path_factory.mktemp("new") / "checkout")
    for name, folder in ((FIRST, "."), (SECOND, "docs")):
        told = new(name, checkout / folder)
        assert told.exit_code == 0, told.output
        # In place of `make locks`, which asks the world. The transformer's holds the base alone.
        lock = (ROOT / "outlink-transformer/requirements.lock").read_text()
        (checkout / name / "requirements.lock").write_text(f"{lock}scikit-learn==0\n")
    return checkout


def run(checkout: Path, *words: str) -> str:
    """What a module of .venv says of the checkout, if it is content."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=checkout,
        env=environment_of(checkout),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_checkout_passes_its_checks(extended: Path) -> None:
    said = run(extended, "pytest", "-q", "-p", "no:cacheprovider", *CHECKS)
    assert "failed" not in said and " passed" in said


def test_what_is_written_has_the_style_of_the_rest(extended: Path) -> None:
    run(extended, "black", "--check", "--quiet", *WRITTEN)
    run(extended, "flake8", *WRITTEN)


def test_a_line_tells_of_each_file(pristine: Path, tmp_path: Path) -> None:
    checkout = shutil.copytree(pristine, tmp_path / "checkout")
    before = contents(checkout)
    told = new(FIRST, checkout)
    changed = {
        str(path.relative_to(checkout)): "changed" if path in before else "wrote"
        for path, content in contents(checkout).items()
        if before.get(path) != content
    }
    lines = [line.split() for line in told.output.splitlines()]
    assert {path: verb for verb, path in lines[:-1]} == changed
    assert "`make locks`" in told.output.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Summary", "lower-case letters"),
        ("edit_summary", "lower-case letters"),
        ("edit--summary", "lower-case letters"),
        ("-edit", "lower-case letters"),
        ("9edits", "lower-case letters"),
        ("../edits", "lower-case letters"),
        ("x" * 31, "at most 30"),
        ("build", "can be used"),
        ("edits-test", "can be used"),
        ("edits-publish", "can be used"),
        ("topic", ".pipeline/topic is there already"),
        ("deploy", "deploy is there already"),
        ("server", "test/unit/server is there already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(
    name: str, reason: str, pristine: Path
) -> None:
    before = contents(pristine)
    told = new(name, pristine)
    assert told.exit_code == 2
    assert reason in " ".join(told.stderr.split())
    assert contents(pristine) == before


def test_a_family_is_not_written_twice(extended: Path) -> None:
    before = contents(extended / FIRST)
    told = new(FIRST, extended)
    assert (told.exit_code, told.stderr) == (2, f"{FIRST} is there already.\n")
    assert contents(extended / FIRST) == before


def test_outside_of_a_checkout_it_says_so(tmp_path: Path) -> None:
    told = new(FIRST, tmp_path)
    assert told.exit_code == 2
    assert "is in no checkout" in " ".join(told.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_a_list_without_the_entry_to_go_by_is_named(pristine: Path, tmp_path: Path) -> None:
    checkout = shutil.copytree(pristine, tmp_path / "checkout")
    (checkout / "deploy/zuul/layout.yaml").write_text("jobs:\n")
    told = new(FIRST, checkout)
    assert told.exit_code == 2
    assert "deploy/zuul/layout.yaml has no entry" in " ".join(told.stderr.split())
    assert not (checkout / FIRST).exists()
