"""Blubber shares variants within a file only; what the specs have in common is kept alike here."""

from __future__ import annotations

import copy
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from liftwing_serving.ores import settings_by_image as ores_settings
from liftwing_serving.outlink.settings import settings_by_image as outlink_settings
from liftwing_serving.revscoring import FAMILIES, families

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools/images"))

from inventory import Image, images, plain_images  # noqa: E402

IMAGES = images()
CORPORA = "build/nltk_data"
# The families' images differ in nothing but their corpora, and where lock and server lie.
MODEL = IMAGES["editquality"]
PLAIN = plain_images().keys()
# The others', which read no words: the outlink pair and the front.
WORDLESS = outlink_settings().keys() | ores_settings().keys()
PROGRAMS = {"outlink-transformer": "transformer.py", "ores": "front.py"}

each_image = pytest.mark.parametrize("image", IMAGES.values(), ids=IMAGES)


def read(image: Image) -> dict[str, Any]:
    spec: dict[str, Any] = yaml.safe_load((ROOT / image.spec).read_text())
    return spec


def locked(lock: str) -> set[str]:
    """The requirements of a lock, each with its hashes."""
    return set(re.findall(r"^\S+==.*(?:\n .*)+", (ROOT / lock).read_text(), re.M))


def corpora_of(image: Image) -> set[str]:
    """The names of the corpora that the image's models read."""
    held = [it for it in FAMILIES if image.name in (it.folder, families.UNIVERSAL)]
    return {name for family in held for name in family.corpora}


def requirement(path: str) -> dict[str, str]:
    """What brings a corpus, or the marker, into an image."""
    destination = f"/usr/share/nltk_data/{path}"
    return {"from": "local", "source": f"{CORPORA}/{path}", "destination": destination}


def without_corpora(variants: dict[str, Any]) -> None:
    production = variants["production"]
    del variants["corpora"]
    del production["runs"]["environment"]["NLTK_DATA"]
    production["copies"] = [it for it in production["copies"] if it["from"] != "corpora"]


def without_dictionaries(variants: dict[str, Any]) -> None:
    variants["runtime"]["apt"]["packages"] = ["python3.11"]
    variants["test"]["entrypoint"][-1] = "plain"


def plain(image: Image, variants: dict[str, Any]) -> None:
    """A plain family may install more of Debian's packages, to build its own or to run them."""
    own = read(image)["variants"]
    assert set(variants["runtime"]["apt"]["packages"]) <= set(own["runtime"]["apt"]["packages"])
    variants["runtime"]["apt"] = own["runtime"]["apt"]
    if "apt" in own["build"]:
        variants["build"]["apt"] = own["build"]["apt"]


def expected(image: Image) -> dict[str, Any]:
    """The model of all specs with the differences of this one."""
    spec = copy.deepcopy(read(MODEL))
    variants = spec["variants"]
    (shared,) = variants["shared"]["builders"]
    shared["custom"]["requirements"][0]["source"] = image.shared_lock
    (packages,) = variants["build"]["builders"]
    packages["custom"]["requirements"][0]["source"] = image.lock
    (source,) = variants["application"]["builders"]
    source["custom"]["requirements"][1]["source"] = image.server
    names = sorted(corpora_of(image))
    if names:
        (held,) = variants["corpora"]["builders"]
        paths = ["corpora.json", *(f"corpora/{name}" for name in names)]
        held["custom"]["requirements"] = [requirement(path) for path in paths]
    else:
        without_corpora(variants)
    if image.name in PLAIN | WORDLESS:
        without_dictionaries(variants)
    if image.name in PROGRAMS:
        variants["production"]["entrypoint"][-1] = PROGRAMS[image.name]
    if image.name in PLAIN:
        plain(image, variants)
    return spec


def test_each_server_has_an_image() -> None:
    assert IMAGES.keys() == families.settings_by_image().keys() | WORDLESS | PLAIN
    for image in IMAGES.values():
        program = read(image)["variants"]["production"]["entrypoint"][-1]
        assert (ROOT / image.server / program).is_file()


@each_image
def test_a_spec_differs_from_the_others_in_what_is_its_own(image: Image) -> None:
    assert read(image) == expected(image)


@each_image
def test_what_images_share_is_locked_alike_by_each(image: Image) -> None:
    """Else pip would install another version of it beside the shared one."""
    shared = locked(image.shared_lock)
    assert len(shared) > 60
    assert shared <= locked(image.lock)


@each_image
def test_no_compiler_is_near_what_is_published(image: Image) -> None:
    """Nothing that `production` includes installs one; it copies from what others installed."""
    variants = read(image)["variants"]
    packages = variants["runtime"]["apt"]["packages"]
    assert variants["production"]["includes"] == ["runtime"]
    assert not {"g++", "gcc", "python3.11-dev", "python3.11-venv"} & set(packages)


def test_the_sources_of_an_image_are_the_shared_package_and_its_own_server() -> None:
    (builder,) = read(MODEL)["variants"]["application"]["builders"]
    sources = [it["source"] for it in builder["custom"]["requirements"]]
    assert sources == ["python/liftwing_serving", MODEL.server]
