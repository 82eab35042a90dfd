"""A family is named by its record; files that cannot read the record are held to it here."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from liftwing_serving.revscoring import FAMILIES, Family, families

ROOT = Path(__file__).parents[2]
BY_FOLDER = {family.folder: family for family in FAMILIES}


def of_each_family(test: Any) -> Any:
    return pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.folder)(test)


def folders_with(below: str, file: str) -> set[str]:
    return {path.name for path in (ROOT / below).iterdir() if (path / file).exists()}


def test_each_folder_of_a_server_an_image_or_a_lock_has_its_record() -> None:
    assert folders_with("revscoring", "model-server/model.py") == BY_FOLDER.keys()
    assert folders_with("revscoring", "requirements.lock") == BY_FOLDER.keys()
    assert folders_with(".pipeline", "blubber.yaml") <= BY_FOLDER.keys()


@of_each_family
def test_a_model_server_serves_its_own_family(family: Family) -> None:
    (constant,) = (name for name, value in vars(families).items() if value is family)
    program = ast.parse((ROOT / "revscoring" / family.folder / "model-server/model.py").read_text())
    calls = [ast.unparse(node) for node in ast.walk(program) if isinstance(node, ast.Call)]
    assert calls == [f"serve(families.{constant})"]


@of_each_family
def test_a_family_has_a_model_card(family: Family) -> None:
    card = (ROOT / "revscoring" / family.folder / "model-server/README.md").read_text()
    assert all(f"`{kind}`" in card or kind in card for kind in family.kinds)


@of_each_family
def test_an_image_holds_its_own_server_and_packages(family: Family) -> None:
    spec = yaml.safe_load((ROOT / ".pipeline" / family.folder / "blubber.yaml").read_text())
    local = {
        requirement["source"]
        for variant in ("build", "application")
        for builder in spec["variants"][variant]["builders"]
        for requirement in builder["custom"]["requirements"]
    }
    assert local == {
        "python/liftwing_serving",
        f"revscoring/{family.folder}/model-server",
        f"revscoring/{family.folder}/requirements.lock",
    }


def test_the_pipelines_are_two_for_each_family() -> None:
    pipelines = yaml.safe_load((ROOT / ".pipeline/config.yaml").read_text())["pipelines"]
    named = {name for folder in BY_FOLDER for name in (folder, f"{folder}-publish")}
    assert pipelines.keys() == named
    for name, pipeline in pipelines.items():
        assert pipeline["blubberfile"] == f"{name.removesuffix('-publish')}/blubber.yaml"


def test_a_published_image_has_its_familys_name() -> None:
    pipelines = yaml.safe_load((ROOT / ".pipeline/config.yaml").read_text())["pipelines"]
    for folder in BY_FOLDER:
        (stage,) = pipelines[f"{folder}-publish"]["stages"]
        name = stage["publish"]["image"]["name"]
        assert name == f"machinelearning-liftwing-inference-services-{folder}"


@of_each_family
def test_the_example_is_a_kind_of_the_family(family: Family) -> None:
    assert family.example in family.kinds
