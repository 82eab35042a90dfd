"""The bill of materials of an image."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from liftwing_publish.contents import Contents, DebianPackage, PythonPackage, locked_hashes
from liftwing_publish.sbom import Published, bill

DIGEST = f"sha256:{'d' * 64}"
IMAGE = Published("127.0.0.1:5000/wikimedia/some-editquality", DIGEST, "0.1.0", "c0ffee")
LOCK = f"""\
# a lock
an-old.name==1.0 \\
    --hash=sha256:{'a' * 64} \\
    --hash=sha256:{'b' * 64}
numpy==1.26.4 --hash=sha256:{'c' * 64}
"""
TEXT = "Copyright (c) someone\nPermission is granted ..."
CONTENTS = Contents(
    datetime(2026, 1, 31, tzinfo=timezone.utc),
    "debian-12",
    (
        PythonPackage(
            "An_Old.Name", "1.0", None, TEXT, ("License :: OSI Approved :: MIT License",)
        ),
        PythonPackage("numpy", "1.26.4", "BSD-3-Clause AND MIT", None, ()),
        PythonPackage("pytz", "2026.1", None, "MIT", ("License :: OSI Approved :: MIT License",)),
        PythonPackage("unclear", "1", None, None, ()),
    ),
    (
        DebianPackage("libc6", "2.36-9+deb12u1", "amd64", "glibc"),
        DebianPackage("adduser", "3.134", "all", "adduser"),
    ),
    {"stopwords": "present"},
)


@pytest.fixture(scope="module")
def document() -> str:
    return bill(IMAGE, CONTENTS, locked_hashes(LOCK))


@pytest.fixture(scope="module")
def components(document: str) -> dict[str, Any]:
    return {it["name"]: it for it in json.loads(document)["components"]}


def test_it_keeps_the_schema_of_cyclonedx(document: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None


def test_it_is_about_the_image_of_a_digest(document: str) -> None:
    about = json.loads(document)["metadata"]
    assert about["timestamp"].startswith("2026-01-31T00:00:00")
    assert about["component"]["type"] == "container"
    assert about["component"]["name"] == "some-editquality"
    assert about["component"]["version"] == DIGEST


def test_the_same_image_has_the_same_one(document: str) -> None:
    assert bill(IMAGE, CONTENTS, locked_hashes(LOCK)) == document


def test_it_names_the_application_and_the_commit(components: dict[str, Any]) -> None:
    ours = components["liftwing-serving"]
    assert (ours["type"], ours["version"]) == ("application", "0.1.0")
    assert ours["properties"] == [{"name": "commit", "value": "c0ffee"}]


def test_packages_have_version_and_purl(components: dict[str, Any]) -> None:
    purls = {name: (it["version"], it["purl"]) for name, it in components.items() if "purl" in it}
    glibc = "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=glibc"
    assert purls == {
        "An_Old.Name": ("1.0", "pkg:pypi/an-old-name@1.0"),
        "numpy": ("1.26.4", "pkg:pypi/numpy@1.26.4"),
        "pytz": ("2026.1", "pkg:pypi/pytz@2026.1"),
        "unclear": ("1", "pkg:pypi/unclear@1"),
        "libc6": ("2.36-9+deb12u1", glibc),
        "adduser": ("3.134", "pkg:deb/debian/adduser@3.134?arch=all&distro=debian-12"),
    }


@pytest.mark.parametrize(
    ("name", "licenses"),
    [
        ("numpy", [{"expression": "BSD-3-Clause AND MIT"}]),
        ("pytz", [{"license": {"id": "MIT"}}]),
        ("An_Old.Name", [{"license": {"name": "MIT License"}}]),
        ("unclear", None),
    ],
)
def test_a_licence_is_an_expression_a_name_or_what_the_classifiers_say(
    name: str, licenses: object, components: dict[str, Any]
) -> None:
    told = components[name].get("licenses")
    for entry in told or []:
        entry.pop("acknowledgement", None)
    assert told == licenses


def test_a_package_has_the_hashes_of_the_files_that_the_lock_admits(
    components: dict[str, Any],
) -> None:
    def hashes(name: str) -> list[str]:
        found = components[name].get("externalReferences", [])
        return [it["content"] for reference in found for it in reference["hashes"]]

    assert hashes("An_Old.Name") == ["a" * 64, "b" * 64]
    assert hashes("numpy") == ["c" * 64]
    assert hashes("unclear") == []


def test_a_corpus_tells_where_it_came_from(components: dict[str, Any]) -> None:
    assert components["stopwords"]["type"] == "data"
    assert components["stopwords"]["properties"] == [{"name": "source", "value": "present"}]


def test_what_belongs_to_what_is_told(document: str) -> None:
    needs = {it["ref"]: it.get("dependsOn", []) for it in json.loads(document)["dependencies"]}
    assert "application" in needs["image"] and "pkg:pypi/numpy@1.26.4" in needs["application"]
    assert {"image", *needs["image"], *needs["application"]} == needs.keys()
