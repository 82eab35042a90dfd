"""`make publish` to a real registry, Debian's, and what a reader gets back from there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest
from support.containers import PYTHON, docker
from support.environment import build_environment
from support.ports import free_port
from support.processes import ROOT

sys.path[:0] = [str(ROOT / "tools" / name) for name in ("images", "publish")]

import local_registry  # noqa: E402
from inventory import images  # noqa: E402

# The smallest; IMAGES names others to test, all of them once before a release.
IMAGES = os.environ.get("IMAGES", "outlink-transformer").split()
SCHEMA_2 = "application/vnd.docker.distribution.manifest.v2+json"
DOCUMENT = (ROOT / "docs/publishing.md").read_text()

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Published:
    """What was printed of an image, and what Docker knew of it before it was removed."""

    name: str
    full_name: str
    tags: list[str]
    digest: str
    sbom_tag: str
    built: dict[str, Any]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    with local_registry.running(folder, port):
        yield f"127.0.0.1:{port}"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def printed(registry: str, docker: list[str]) -> list[tuple[str, str]]:
    """Image and reference of each line that `make publish` prints."""
    command = ["make", "publish", f"REGISTRY={registry}", f"IMAGES={' '.join(IMAGES)}"]
    environment = build_environment({"ALLOW_STAND_IN": "1"})
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return re.findall(r"^([a-z-]+)\t(\S+)$", done.stdout, re.M)


@pytest.fixture(scope="module", params=IMAGES)
def published(
    printed: list[tuple[str, str]], request: pytest.FixtureRequest
) -> Iterator[Published]:
    """An image that was published, and is no longer here."""
    references = [reference for name, reference in printed if name == request.param]
    parts = [reference.partition("@") for reference in references]
    *named, (sbom, _, _) = parts
    ((full_name, digest),) = {(tagged.rpartition(":")[0], digest) for tagged, _, digest in named}
    built = inspected(named[0][0])
    docker("image", "rm", "--force", built["Id"])
    tags = [tagged.rpartition(":")[2] for tagged, _, _ in named]
    sbom_tag = sbom.removeprefix(f"{full_name}:")
    yield Published(request.param, full_name, tags, digest, sbom_tag, built)
    docker("image", "rm", "--force", built["Id"])


@pytest.fixture(scope="module")
def sbom(published: Published, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the documented commands fetch."""
    folder = tmp_path_factory.mktemp("sbom")
    (block,) = re.findall(r"```\n(url=.*?)```", DOCUMENT, re.S)
    host, _, name = published.full_name.partition("/")
    commands = re.sub(r"^url=\S+", f"url=http://{host}/v2/{name}", block)
    commands = re.sub(r"^tag=\S+", f"tag={published.sbom_tag}", commands, flags=re.M)
    words = ["bash", "-euo", "pipefail", "-c", commands]
    environment = build_environment({"no_proxy": "127.0.0.1"})
    subprocess.run(words, cwd=folder, env=environment, check=True)
    (file,) = folder.iterdir()
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def inspected(image: str) -> dict[str, Any]:
    """What Docker knows of an image."""
    (found,) = json.loads(docker("image", "inspect", image))
    assert isinstance(found, dict)
    return found


def fetched(published: Published, path: str) -> bytes:
    """What the registry answers, without Docker."""
    host, _, name = published.full_name.partition("/")
    opener = build_opener(ProxyHandler({}))
    opener.addheaders = [("Accept", SCHEMA_2)]
    with opener.open(f"http://{host}/v2/{name}/{path}") as answer:
        body: bytes = answer.read()
    return body


def test_it_is_tagged_with_version_and_commit(published: Published) -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "python/pyproject.toml").read_text(), re.M)
    head = subprocess.check_output(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, env=build_environment(), text=True
    ).strip()
    assert version
    time, stable, commit, last = published.tags
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}-publish", time)
    assert (stable, last) == ("stable", version[1])
    assert commit.removesuffix("-dirty") == head
    assert published.built["Config"]["Labels"]["zuul.commit"] == commit


def test_it_is_pulled_by_digest_as_it_was_built(published: Published) -> None:
    reference = f"{published.full_name}@{published.digest}"
    docker("pull", "--quiet", reference)
    pulled = inspected(reference)
    for field in ("Id", "Config", "RootFS"):
        assert pulled[field] == published.built[field], field
    said = docker(
        *("run", "--rm", "--network", "none", "--entrypoint", PYTHON, reference),
        *("-c", "import liftwing_serving as it; print(it.__version__)"),
    )
    assert said.strip() == published.tags[-1]


def test_the_registry_has_every_layer_of_it(published: Published) -> None:
    """Docker pulls no layer that it has, such as those of an image that was not removed."""
    manifest = fetched(published, f"manifests/{published.digest}")
    assert f"sha256:{hashlib.sha256(manifest).hexdigest()}" == published.digest
    layers = json.loads(manifest)["layers"]
    assert len(layers) == len(published.built["RootFS"]["Layers"])
    for layer in layers:
        blob = fetched(published, f"blobs/{layer['digest']}")
        assert f"sha256:{hashlib.sha256(blob).hexdigest()}" == layer["digest"]


def test_the_documented_commands_fetch_what_it_contains(
    published: Published, sbom: dict[str, Any]
) -> None:
    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.6")
    assert sbom["metadata"]["component"]["version"] == published.digest
    lock = (ROOT / images()[published.name].lock).read_text()
    locked = {f"pkg:pypi/{name}@{it}" for name, it in re.findall(r"^(\S+)==(\S+)", lock, re.M)}
    purls = [component.get("purl", "") for component in sbom["components"]]
    assert {purl for purl in purls if purl.startswith("pkg:pypi/")} == locked
    listed = docker(
        *("run", "--rm", "--entrypoint", "dpkg-query", f"{published.full_name}@{published.digest}"),
        *("--show", "--showformat", "${Package} ${Version}\\n"),
    )
    held = [
        f"{component['name']} {component['version']}"
        for component in sbom["components"]
        if component.get("purl", "").startswith("pkg:deb/")
    ]
    assert sorted(held) == sorted(listed.splitlines())
