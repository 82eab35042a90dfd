"""Every service's feature list finds the dictionaries that it reads, here and in images."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import enchant
import pytest
import yaml
from liftwing_serving.revscoring import FAMILIES
from liftwing_serving.revscoring.families import UNIVERSAL
from support.environment import environment
from support.feature_lists import (
    FeatureList,
    dictionaries_of,
    feature_lists,
    languages_of,
)

ROOT = Path(__file__).parents[2]
IMAGES = [
    ROOT / f".pipeline/{folder}/blubber.yaml"
    for folder in (*(family.folder for family in FAMILIES), UNIVERSAL)
]
OF_A_DICTIONARY = re.compile(r"(aspell|hunspell|myspell)-")

LANGUAGES = sorted(set().union(*(languages_of(a_list.module) for a_list in feature_lists())))
DICTIONARIES = sorted({tag for language in LANGUAGES for tag in dictionaries_of(language)})


def dictionary_packages(names: Iterable[str]) -> set[str]:
    return {name for name in names if OF_A_DICTIONARY.match(name)}


def listed_in(spec: Path) -> set[str]:
    runtime: dict[str, Any] = yaml.safe_load(spec.read_text())["variants"]["runtime"]
    return dictionary_packages(runtime["apt"]["packages"])


SET_UP = dictionary_packages((ROOT / "tools/setup/apt-packages.txt").read_text().split())


# revscoring's modules of Bengali and Tamil name them, and look no word up in them.
UNREAD = {"aspell-bn", "aspell-ta"}


def said_by(*command: str) -> str:
    """Standard output of a command, empty if it fails."""
    return subprocess.run(command, env=environment(), capture_output=True, text=True).stdout


@cache
def provided_by(package: str) -> frozenset[str]:
    """Names of the dictionaries in an installed package: `el` of aspell, `sr_RS` of hunspell."""
    # hunspell-fr is empty and depends on one of the French dictionaries.
    depends = re.findall(r"[\w-]+", said_by("dpkg-query", "-W", "-f", "${Depends}", package))
    packages = [package, *dictionary_packages(depends)]
    return frozenset(
        Path(file).stem
        for file in said_by("dpkg", "-L", *packages).split()
        if re.fullmatch(r"/usr/lib/aspell/[a-z]+\.multi|/usr/share/hunspell/\w+\.aff", file)
    )


def is_of(tag: str, name: str) -> bool:
    """Whether enchant may take the dictionary of that name: for `sr` also `sr_RS`."""
    return name == tag or name.startswith(f"{tag}_")


def packages_of(tag: str, packages: set[str]) -> set[str]:
    """Those of the packages in which enchant may find a dictionary."""
    return {
        package for package in packages if any(is_of(tag, name) for name in provided_by(package))
    }


@pytest.mark.parametrize("wanted", sorted(feature_lists()), ids=lambda it: it.module)
def test_the_packages_have_a_feature_list_for_each_service(wanted: FeatureList) -> None:
    tree = ast.parse(wanted.path.read_text())
    names = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert wanted.name in names


def test_the_languages_are_those_of_the_wikis() -> None:
    assert len(LANGUAGES) == 39
    assert {"basque", "greek", "hebrew", "tamil", "vietnamese"} <= set(LANGUAGES)
    assert dictionaries_of("english") == ("en_US", "en_GB", "en_AU")
    assert dictionaries_of("finnish") == ()


@pytest.mark.parametrize("tag", DICTIONARIES)
def test_a_dictionary_is_found_here(tag: str) -> None:
    # Loading the Basque one takes seconds; test/integration/test_languages.py loads them all.
    assert any(is_of(tag, name) for name, _ in enchant.list_dicts())


@pytest.mark.parametrize("spec", IMAGES, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("tag", DICTIONARIES)
def test_an_image_has_the_package_of_a_dictionary(tag: str, spec: Path) -> None:
    assert packages_of(tag, listed_in(spec))


def test_no_image_and_no_machine_has_a_dictionary_that_nothing_reads() -> None:
    read = set().union(*(packages_of(tag, SET_UP) for tag in DICTIONARIES))
    assert SET_UP == read | UNREAD
    for spec in IMAGES:
        assert listed_in(spec) == read | UNREAD
