"""Puts a document beside a published image, as an OCI artifact that refers to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from liftwing_pipeline.errors import PipelineError
from liftwing_publish.registry import Answer, Repository, digest_of

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
# What the specification has an artifact use that needs no configuration.
EMPTY = b"{}"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"

Descriptor = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """A document, and the name of the file that a client saves it in."""

    media_type: str
    file_name: str
    data: bytes


def attach(repository: Repository, image: str, document: Document, suffix: str) -> tuple[str, str]:
    """Push a document that refers to the image of a digest; return its tag and digest.

    The tag, sha256-HEX.SUFFIX, is the one by which cosign finds it. Other clients ask which
    artifacts refer to the image; where the registry does not keep account of that, an index does.
    """
    answer = repository.manifest(image, f"{DOCKER_MANIFEST}, {MANIFEST}")
    if answer is None:
        raise PipelineError(f"{repository.host} has no image {image}")
    manifest = encoded(_manifest(document, _subject(answer)))
    for blob in (EMPTY, document.data):
        repository.push_blob(blob)
    tag = f"{image.replace(':', '-')}.{suffix}"
    stored = repository.push_manifest(tag, manifest, MANIFEST)
    if "OCI-Subject" not in stored.headers:
        _enter(repository, image, _reference(manifest, document.media_type))
    return tag, digest_of(manifest)


def _subject(image: Answer) -> Descriptor:
    return _descriptor(image.headers["Content-Type"], image.body)


def _manifest(document: Document, subject: Descriptor) -> Descriptor:
    title = {"org.opencontainers.image.title": document.file_name}
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": document.media_type,
        "config": _descriptor(EMPTY_TYPE, EMPTY),
        "layers": [{**_descriptor(document.media_type, document.data), "annotations": title}],
        "subject": subject,
    }


def _reference(manifest: bytes, artifact_type: str) -> Descriptor:
    return {**_descriptor(MANIFEST, manifest), "artifactType": artifact_type}


def _enter(repository: Repository, image: str, reference: Descriptor) -> None:
    """Enter an artifact into the index under the tag sha256-HEX, which lists those of an image.

    One of the same type, the document of an earlier run, is replaced.
    """
    tag = image.replace(":", "-")
    found = repository.manifest(tag, INDEX)
    listed = json.loads(found.body)["manifests"] if found else []
    others = [it for it in listed if it.get("artifactType") != reference["artifactType"]]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*others, reference]}
    repository.push_manifest(tag, encoded(index), INDEX)


def _descriptor(media_type: str, data: bytes) -> Descriptor:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def encoded(document: Descriptor) -> bytes:
    """Return the bytes of a manifest."""
    return json.dumps(document, indent=1).encode()
