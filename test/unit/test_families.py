"""A family is named by its record; files that cannot read the record are held to it here."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving.revscoring import FAMILIES, Family, families

ROOT = Path(__file__).parents[2]
SERVERS = ROOT / "revscoring"
BY_FOLDER = {family.folder: family for family in FAMILIES}


def of_each_family(test: Any) -> Any:
    return pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.folder)(test)


def folders_with(below: str, file: str) -> set[str]:
    return {path.name for path in (ROOT / below).iterdir() if (path / file).exists()}


def calls_in(folder: Path) -> list[str]:
    program = ast.parse((folder / "model-server/model.py").read_text())
    return [ast.unparse(node) for node in ast.walk(program) if isinstance(node, ast.Call)]


def locked(folder: Path) -> set[str]:
    """Names of the packages in a folder's lock."""
    return set(re.findall(r"^([\w.-]+)==", (folder / "requirements.lock").read_text(), re.M))


def test_each_folder_of_a_server_or_a_lock_has_its_record() -> None:
    assert folders_with("revscoring", "model-server/model.py") == BY_FOLDER.keys()
    assert folders_with("revscoring", "requirements.lock") == BY_FOLDER.keys()


@of_each_family
def test_a_model_server_serves_its_own_family(family: Family) -> None:
    (constant,) = (name for name, value in vars(families).items() if value is family)
    assert calls_in(SERVERS / family.folder) == [f"serve(families.{constant})"]


def test_the_universal_server_serves_all_families() -> None:
    assert calls_in(SERVERS) == ["serve(*FAMILIES)"]


# The packages of feature lists, by the family that alone reads them.
FEATURE_LISTS = {
    "articlequality": "articlequality",
    "draftquality": "draftquality",
    "editquality": "editquality",
    "topic": "drafttopic",
}


@of_each_family
def test_a_lock_holds_no_other_familys_feature_lists(family: Family) -> None:
    assert FEATURE_LISTS.keys() == BY_FOLDER.keys()
    found = locked(SERVERS / family.folder) & set(FEATURE_LISTS.values())
    assert found == {FEATURE_LISTS[family.folder]}
    assert ("langdetect" in locked(SERVERS / family.folder)) == (family.folder == "editquality")


def test_the_universal_lock_holds_what_the_families_locks_hold_and_no_more() -> None:
    assert locked(SERVERS) == set().union(*(locked(SERVERS / folder) for folder in BY_FOLDER))


@of_each_family
def test_a_family_has_a_model_card(family: Family) -> None:
    card = (SERVERS / family.folder / "model-server/README.md").read_text()
    assert all(re.search(rf"\*\*{kind}\*\*|`{kind}`", card) for kind in family.kinds)


@of_each_family
def test_the_example_is_a_kind_of_the_family(family: Family) -> None:
    assert family.example in family.kinds
