"""What is not understood is refused with its file, line and key."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any, List

import pytest
from liftwing_blubber import BlubberError, compile_text

BASE = "version: v4\nbase: debian:12\n"
FOLDER = os.environ.get("BLUBBER_VECTORS", "")


def refusal(text: str, target: str = "production") -> str:
    with pytest.raises(BlubberError) as caught:
        compile_text(text, target, "spec.yaml")
    return str(caught.value)


def _invalid_vectors() -> List[Any]:
    if not FOLDER:
        return [pytest.param("", marks=pytest.mark.skip(reason="BLUBBER_VECTORS is not set"))]
    return sorted(str(path) for path in pathlib.Path(FOLDER).glob("invalid-*"))


@pytest.mark.parametrize("folder", _invalid_vectors())
def test_what_blubber_refuses_is_refused(folder: str) -> None:
    expected = json.loads(pathlib.Path(folder, "expected.json").read_text())
    text = pathlib.Path(folder, expected["build"]["file"]).read_text()
    assert refusal(text, expected["build"]["target"]).startswith("spec.yaml:")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("variants: {production: {bases: x}}", "3: variants.production.bases: unknown key"),
        ("variants:\n  production:\n", "4: variants.production: must be a mapping, not nothing"),
        ("copies: [local]\nvariants: {production: {}}", "3: copies: unknown key"),
        ("variants: {no: {}}", "3: variants.no: 'no' is not a name"),
        ("variants: {a_b_c: {}}", "3: variants.a_b_c: 'a_b_c' is not a name"),
        ("node: {}\nvariants: {production: {}}", "3: node: this compiler does not support"),
        ("php: {}\nvariants: {production: {}}", "3: php: this compiler does not support"),
        ("base: debian\nvariants: {production: {}}", "3: base: the key is repeated"),
        ("variants: {other: {}}", "3: variants: there is no variant 'production'; there are other"),
    ],
)
def test_the_root_of_a_file(body: str, message: str) -> None:
    assert refusal(BASE + body).startswith(f"spec.yaml:{message}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("lives: {in: srv/app}", "lives.in: must be an absolute path"),
        ("lives: {in: /}", "lives.in: must be an absolute path"),
        ("lives: {as: root}", "lives.as: must not be root"),
        ("lives: {as: some_body}", "lives.as: 'some_body' is not"),
        ("lives: {uid: -1}", "lives.uid: must not be negative"),
        ("lives: {uid: '12'}", "lives.uid: must be a whole number, not a string"),
        ("runs: {gid: 1.5}", "runs.gid: must be a whole number"),
        ("runs: {insecurely: 'true'}", "runs.insecurely: must be true or false, not a string"),
        ("runs: {environment: {DEBUG: yes}}", "runs.environment.DEBUG: must be a string"),
        ("runs: {environment: {A: x}}", "runs.environment.A: 'A' is not the name of a variable"),
        ('arguments: {AB: "a\\nb"}', "arguments.AB: a Dockerfile cannot hold"),
        ("apt: {packages: [Git]}", "apt.packages[0]: 'Git' is not the name of a package"),
        ("apt: {packages: ['git;id']}", "apt.packages[0]: "),
        ("apt: {sources: []}", "apt.sources: this compiler does not support it"),
        ("apt: {proxies: []}", "apt.proxies: this compiler does not support it"),
        ("entrypoint: run", "entrypoint: must be a list, not a string"),
        ("base: 'Not An Image'", "base: 'Not An Image' is not the name of an image"),
    ],
)
def test_values_of_a_variant(line: str, message: str) -> None:
    text = f"{BASE}variants:\n  production:\n    {line}\n"
    assert refusal(text).startswith(f"spec.yaml:5: variants.production.{message}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("copies: [{from: local, src: a}]", "copies[0].src: unknown key"),
        ("copies: [{source: a}]", "copies[0]: needs the key from"),
        ("copies: [{from: local, destination: a}]", "copies[0]: has a destination but no source"),
        ("copies: [{from: local, source: /etc}]", "copies[0].source: a local source must be"),
        ("copies: [{from: local, source: a/../../b}]", "copies[0].source: a local source must be"),
        ("copies: [{from: local, source: $A}]", "copies[0].source: holds a character"),
        ("copies: [{from: local, source: a*}]", "copies[0]: a source with a wildcard"),
        ("copies: [{from: local, source: a, exclude: [b]}]", "copies[0].exclude: Docker 20.10"),
        ("copies: [local, local]", "copies[1]: is the same as an earlier entry"),
        ("copies: [biuld]", "copies[0]: 'biuld' is not a variant"),
        ("builder: {command: 'date +%s'}", "builder.command: Blubber fails on a %"),
        ("builder: {command: ['a%', b]}", "builder.command[0]: Blubber fails on a %"),
        ("builder: {command: a, script: b}", "builder.script: must not stand beside command"),
        ("builder: {mounts: [local]}", "builder.mounts: this compiler does not support it"),
        ("builder: {caches: ['$TMP/a']}", "builder.caches[0]: this compiler replaces no variable"),
        ("builder: {caches: [{id: a}]}", "builder.caches[0]: needs the key destination"),
        ("builder: {requirements: [../a]}", "builder.requirements[0]: a local source must be"),
        ("builders: [{}]", "builders[0]: must have exactly one of the keys"),
        ("builders: [{node: {}}]", "builders[0].node: this compiler does not support it"),
        ("builders: [{python: {}}, {python: {}}]", "builders[1].python: must not be given twice"),
        ("python: {poetry: {}}", "python.poetry: this compiler does not support it"),
        ("python: {version: /usr/bin/python3}", "python.version: must be the name"),
        ("python: {version: python}", "python.version: Blubber fails on names shorter"),
        ("python: {pip-version: newest}", "python.pip-version: 'newest' is neither"),
        ("python: {no-deps: 1}", "python.no-deps: must be true or false, not a number"),
    ],
)
def test_builders_and_copies_of_a_variant(line: str, message: str) -> None:
    text = f"{BASE}variants:\n  production:\n    {line}\n"
    assert refusal(text).startswith(f"spec.yaml:5: variants.production.{message}")


def test_an_id_of_0_means_root_at_the_root_of_a_file_and_nothing_in_a_variant() -> None:
    text = BASE + "lives: {uid: 0}\nvariants: {production: {}}"
    assert refusal(text).startswith("spec.yaml:3: lives.uid: 0 at the root")
    dockerfile = compile_text(BASE + "variants: {production: {lives: {uid: 0}}}", "production")
    assert 'ARG LIVES_UID="65533"' in dockerfile


def test_what_is_not_yaml_is_refused_at_its_line() -> None:
    assert refusal("version: v4\nvariants: [}").startswith("spec.yaml:2: not YAML: ")
    assert refusal("") == "spec.yaml:1: the file is empty"
    assert refusal("base: debian\nvariants: {}") == "spec.yaml:1: the key version is missing"


def test_the_version_is_the_one_key_whose_case_matters() -> None:
    text = "{version}: v4\nBase: debian:12\nVariants: {{production: {{Lives: {{As: me-too}}}}}}"
    assert refusal(text.format(version="Version")).startswith("spec.yaml:1: Version: Blubber knows")
    assert refusal(text.format(version="VERSION")).startswith("spec.yaml:1: VERSION: Blubber knows")
    assert compile_text(text.format(version="version"), "production")


def test_variants_that_copy_from_each_other() -> None:
    text = BASE + "variants:\n  one: {copies: [two]}\n  two: {copies: [one]}\n"
    assert "a cycle of copies: one -> two -> one" in refusal(text, "one")


def test_a_variant_that_copies_from_itself() -> None:
    text = BASE + "variants:\n  one: {copies: [one]}\n"
    assert refusal(text, "one").startswith("spec.yaml:4: variants.one.copies[0]: a cycle of copies")


def test_a_script_that_meets_an_inherited_command() -> None:
    text = BASE + "builder: {command: a}\nvariants:\n  production: {builder: {script: b}}\n"
    assert "both command and script" in refusal(text)


def test_variants_that_a_dockerfile_cannot_tell_apart() -> None:
    text = BASE + "variants:\n  App: {}\n  app: {copies: [App]}\n"
    assert "only in case" in refusal(text, "app")
