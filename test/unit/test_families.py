"""A family is named by its record; files that cannot read the record are held to it here."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from liftwing_serving.revscoring import FAMILIES, Family, families

ROOT = Path(__file__).parents[2]
SERVERS = ROOT / "revscoring"
BY_FOLDER = {family.folder: family for family in FAMILIES}


def of_each_family(test: Any) -> Any:
    return pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.folder)(test)


def folders_with(below: str, file: str) -> set[str]:
    return {path.name for path in (ROOT / below).iterdir() if (path / file).exists()}


# Images come one by one; what there is must agree with the records.
IMAGES = sorted(folders_with(".pipeline", "blubber.yaml"))


def of_each_image(test: Any) -> Any:
    return pytest.mark.parametrize("image", IMAGES)(test)


def calls_in(folder: Path) -> list[str]:
    program = ast.parse((folder / "model-server/model.py").read_text())
    return [ast.unparse(node) for node in ast.walk(program) if isinstance(node, ast.Call)]


def locked(folder: Path) -> set[str]:
    """Names of the packages in a folder's lock."""
    return set(re.findall(r"^([\w.-]+)==", (folder / "requirements.lock").read_text(), re.M))


def test_each_folder_of_a_server_an_image_or_a_lock_has_its_record() -> None:
    assert folders_with("revscoring", "model-server/model.py") == BY_FOLDER.keys()
    assert folders_with("revscoring", "requirements.lock") == BY_FOLDER.keys()
    assert set(IMAGES) <= BY_FOLDER.keys() | {families.UNIVERSAL}


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


@of_each_image
def test_an_image_holds_its_own_server_and_packages(image: str) -> None:
    spec = yaml.safe_load((ROOT / ".pipeline" / image / "blubber.yaml").read_text())
    local = {
        requirement["source"]
        for variant in ("build", "application")
        for builder in spec["variants"][variant]["builders"]
        for requirement in builder["custom"]["requirements"]
    }
    folder = "revscoring" if image == families.UNIVERSAL else f"revscoring/{image}"
    assert local == {
        "python/liftwing_serving",
        f"{folder}/model-server",
        f"{folder}/requirements.lock",
    }


@of_each_image
def test_an_image_holds_the_corpora_that_its_models_read(image: str) -> None:
    spec = yaml.safe_load((ROOT / ".pipeline" / image / "blubber.yaml").read_text())
    held = FAMILIES if image == families.UNIVERSAL else [BY_FOLDER[image]]
    expected = {corpus for family in held for corpus in family.corpora}
    copied = {
        requirement["source"]
        for builder in spec["variants"].get("corpora", {}).get("builders", [])
        for requirement in builder["custom"]["requirements"]
    }
    folder = "build/nltk_data"
    marker = {f"{folder}/corpora.json"} if expected else set()
    assert copied == {f"{folder}/corpora/{corpus}" for corpus in expected} | marker


@of_each_family
def test_the_example_is_a_kind_of_the_family(family: Family) -> None:
    assert family.example in family.kinds
