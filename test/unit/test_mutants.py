"""The defects of test/mutants fit the code, and the tools tell what became of one."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.environment import environment

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python/liftwing_serving"
sys.path.insert(0, str(ROOT / "tools/mutants"))

from copies import copied, python_of  # noqa: E402
from defects import Defect, ListUnreadable, listed  # noqa: E402
from planting import CannotPlant, module_of, planted  # noqa: E402

LISTED = listed(ROOT / "test/mutants")
FOLDERS = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
LEAST = 60
MOST_MISSED = 3

SOURCE = """
LIMIT = 3

class Queue:
    def add(self, one):
        return one > LIMIT and one > 0

def add(one):
    return one
"""


def defect(
    where: str = "queue:Queue.add", replace: str = "one > LIMIT", by: str = "True"
) -> Defect:
    return Defect("queue", "a defect", where, replace, by, ("test_queue.py",))


def folder_of(one: Defect) -> str:
    """The folder of the package that it is for; `ground` for the modules that stand in none, and
    for what is not of the package the checkout's folder."""
    module = module_of(one, ROOT)
    if not module.is_relative_to(PACKAGE):
        return module.relative_to(ROOT).parts[0]
    folder = module.relative_to(PACKAGE).parts[0]
    return folder if folder in FOLDERS else "ground"


@functools.cache
def functions_of(path: str) -> set[str]:
    body = ast.parse((ROOT / path).read_text()).body
    return {one.name for one in body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))}


def exists(test: str) -> bool:
    """Whether there is a test of this node id, or a file of tests."""
    path, _, name = test.partition("::")
    return (ROOT / path).is_file() and (not name or name in functions_of(path))


def test_each_defect_fits_the_code() -> None:
    wrong = []
    for one in LISTED:
        try:
            planted(module_of(one, ROOT).read_text(), one)
        except CannotPlant as error:
            wrong.append(f"{one.chapter}: {one.name}: {error}")
    assert wrong == []


def test_each_defect_is_listed_in_the_file_of_its_folder() -> None:
    wrong = [one.name for one in LISTED if one.chapter != folder_of(one)]
    assert wrong == []


def test_the_tests_that_should_notice_a_defect_exist() -> None:
    named = {test for one in LISTED for test in one.tests}
    assert {test for test in named if not exists(test)} == set()
    assert [one.name for one in LISTED if not one.tests] == []


def test_each_folder_of_the_package_has_defects() -> None:
    assert FOLDERS | {"ground"} <= {one.chapter for one in LISTED}


def test_there_are_many_defects_of_different_names_and_few_that_nothing_notices() -> None:
    names = Counter(one.name for one in LISTED)
    assert [name for name, number in names.items() if number > 1] == []
    assert len(LISTED) >= LEAST
    assert len([one for one in LISTED if one.missed]) <= MOST_MISSED


def test_a_defect_is_put_into_what_it_names_and_nowhere_else() -> None:
    source = planted(SOURCE, defect(where="queue:add", replace="return one", by="return 1"))
    assert source == SOURCE.replace("    return one\n", "    return 1\n")
    assert planted(SOURCE, defect()) == SOURCE.replace("one > LIMIT", "True")
    assert "LIMIT = 4\n" in planted(SOURCE, defect(where="queue:LIMIT", replace="3", by="4"))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"where": "queue:Queue.remove"}, "remove is there 0 times"),
        ({"replace": "one < LIMIT"}, "has the text 0 times"),
        ({"replace": "one > "}, "has the text 2 times"),
        ({"by": "one >"}, "invalid syntax"),
        ({"by": "(one > LIMIT)"}, "does the same as before"),
    ],
)
def test_a_defect_that_does_not_fit_is_told(fields: dict[str, str], why: str) -> None:
    with pytest.raises(CannotPlant, match=why):
        planted(SOURCE, defect(**fields))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[mutant]]\nname = 1 2", "TOMLDecodeError"),
        ("", "KeyError"),
        ('[[mutant]]\nname = "a"', "number 1: .*missing"),
        ('[[mutant]]\nname = "a"\nline = 7', "number 1: unknown line"),
    ],
)
def test_a_list_that_cannot_be_read_is_told(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "some.toml").write_text(text)
    with pytest.raises(ListUnreadable, match=why):
        listed(tmp_path)


def test_a_copy_s_programs_start_and_its_python_runs_its_code() -> None:
    with copied() as copy:
        shown = _printed([str(copy / ".venv/bin/pytest"), "--version"])
        assert shown.startswith("pytest ")
        code = "import liftwing_serving; print(liftwing_serving.__file__)"
        assert _printed([str(python_of(copy)), "-c", code]).startswith(f"{copy}/python/")


def _printed(command: list[str]) -> str:
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    return done.stdout + done.stderr
