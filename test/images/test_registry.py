"""Documents beside images in a real registry, Debian's; no Docker takes part."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ports import free_port
from support.processes import ROOT

sys.path[:0] = [str(ROOT / "tools" / name) for name in ("publish", "pipeline")]

import local_registry  # noqa: E402
from liftwing_pipeline.errors import PipelineError  # noqa: E402
from liftwing_publish.attachment import INDEX, MANIFEST, Document, attach, encoded  # noqa: E402
from liftwing_publish.registry import Repository, digest_of  # noqa: E402

CONFIGURATION = b"{}"
IMAGE = encoded(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(CONFIGURATION),
            "size": len(CONFIGURATION),
        },
        "layers": [],
    }
)
DIGEST = digest_of(IMAGE)
NAME, PASSWORD = "someone", "secret"
# Of that password, by bcrypt.
NOTED = "$2b$05$QglpsJ98d6sdJ4ixt81IWOJUFMoFKAbTa2xg1Huv3U1zyQaM06sLS"


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """A repository with an image of no layers."""
    port = free_port()
    with local_registry.running(tmp_path / "registry", port):
        repository = Repository(f"127.0.0.1:{port}/wikimedia/some-image")
        push_image(repository)
        yield repository


def push_image(repository: Repository) -> None:
    repository.push_blob(CONFIGURATION)
    repository.push_manifest("stable", IMAGE, MANIFEST)


def listed(repository: Repository) -> list[tuple[str, str]]:
    """Type and digest of the artifacts that refer to the image."""
    index = repository.manifest(DIGEST.replace(":", "-"), INDEX)
    assert index
    return [(it["artifactType"], it["digest"]) for it in json.loads(index.body)["manifests"]]


def test_a_document_is_found_by_its_tag_and_in_the_index_of_its_image(
    repository: Repository,
) -> None:
    document = Document("application/x", "some.json", b"[1]")
    tag, digest = attach(repository, DIGEST, document, "sbom")
    assert tag == f"{DIGEST.replace(':', '-')}.sbom"
    assert listed(repository) == [("application/x", digest)]
    found = repository.manifest(tag, MANIFEST)
    assert found and digest_of(found.body) == digest
    manifest = json.loads(found.body)
    assert manifest["subject"] == {"mediaType": MANIFEST, "digest": DIGEST, "size": len(IMAGE)}
    assert manifest["layers"][0]["digest"] == digest_of(b"[1]")


def test_a_document_replaces_the_one_of_its_type_and_no_other(repository: Repository) -> None:
    first = Document("application/x", "some.json", b"[1]")
    _, old = attach(repository, DIGEST, first, "sbom")
    _, other = attach(repository, DIGEST, Document("application/y", "b", b"b"), "other")
    _, new = attach(repository, DIGEST, Document("application/x", "a", b"[2]"), "sbom")
    assert old != new
    assert listed(repository) == [("application/y", other), ("application/x", new)]


def test_a_document_of_an_image_that_is_not_there_is_refused(repository: Repository) -> None:
    absent = f"sha256:{'0' * 64}"
    with pytest.raises(PipelineError, match=f"has no image {absent}"):
        attach(repository, absent, Document("application/x", "a", b"a"), "sbom")


def test_it_logs_in_as_docker_has_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    passwords, port = tmp_path / "passwords", free_port()
    passwords.write_text(f"{NAME}:{NOTED}\n")
    with local_registry.running(tmp_path / "registry", port, passwords):
        host = f"127.0.0.1:{port}"
        repository = Repository(f"{host}/wikimedia/some-image")
        with pytest.raises(PipelineError, match="answers POST with 401"):
            push_image(repository)
        auth = base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
        push_image(repository)
        assert repository.manifest("stable", MANIFEST)
