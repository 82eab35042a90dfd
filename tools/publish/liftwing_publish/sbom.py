"""The software bill of materials of an image, in CycloneDX."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from liftwing_publish.contents import Contents, DebianPackage, PythonPackage, normalized
from packageurl import PackageURL

VERSION = SchemaVersion.V1_6
MEDIA_TYPE = "application/vnd.cyclonedx+json"
# A field that is longer holds the licence's whole text.
LONGEST_NAME = 64
OURS = "liftwing-serving"
OUR_LICENSE = "Apache-2.0"


@dataclass(frozen=True)
class Published:
    """A published image: REGISTRY/REPOSITORY/NAME@DIGEST, of a version and a commit of ours."""

    full_name: str
    digest: str
    version: str
    commit: str

    @property
    def name(self) -> str:
        """The name without where it is published."""
        return self.full_name.rpartition("/")[2]


def bill(image: Published, contents: Contents, locked: Mapping[str, tuple[str, ...]]) -> str:
    """Return the document. The same image gives the same one, to the byte."""
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{image.full_name}@{image.digest}"),
    )
    bom.metadata.timestamp = contents.created
    root = bom.metadata.component = _container(image)
    application = _application(image)
    python = [_python(it, locked.get(normalized(it.name), ())) for it in contents.python]
    debian = [_debian(it, contents.distribution) for it in contents.debian]
    corpora = [_corpus(name, source) for name, source in contents.corpora.items()]
    for component in (application, *python, *debian, *corpora):
        bom.components.add(component)
    bom.register_dependency(root, [application, *debian])
    bom.register_dependency(application, [*python, *corpora])
    made: str = make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string(indent=1)
    return made


def _container(image: Published) -> Component:
    where = {"repository_url": image.full_name}
    return Component(
        type=ComponentType.CONTAINER,
        name=image.name,
        version=image.digest,
        bom_ref="image",
        purl=PackageURL("oci", name=image.name, version=image.digest, qualifiers=where),
    )


def _application(image: Published) -> Component:
    return Component(
        type=ComponentType.APPLICATION,
        name=OURS,
        version=image.version,
        bom_ref="application",
        licenses=[LicenseFactory().make_from_string(OUR_LICENSE)],
        properties=[Property(name="commit", value=image.commit)] if image.commit else None,
    )


def _python(package: PythonPackage, hashes: Iterable[str]) -> Component:
    purl = PackageURL("pypi", name=normalized(package.name), version=package.version)
    # A lock has a hash for each file that pip may take, so that none is the component's own.
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        comment="one of these files, as the lock has it",
        hashes=[HashTypeFactory().from_composite_str(f"sha256:{value}") for value in hashes],
    )
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=_licenses(package),
        external_references=[files] if files.hashes else None,
    )


def _licenses(package: PythonPackage) -> list[License]:
    """The expression if there is one, else the name, else what the classifiers say."""
    make = LicenseFactory().make_from_string
    named = package.expression or (package.license or "").strip()
    if named and len(named) <= LONGEST_NAME and "\n" not in named:
        return [make(named)]
    kinds = [it.split(" :: ")[-1] for it in package.classifiers if it.startswith("License ::")]
    return [make(kind) for kind in kinds]


def _debian(package: DebianPackage, distribution: str) -> Component:
    qualifiers = {"arch": package.architecture, "distro": distribution}
    # Debian's security notices name source packages.
    if package.source != package.name:
        qualifiers["upstream"] = package.source
    purl = PackageURL("deb", "debian", package.name, package.version, qualifiers)
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=purl.to_string(),
        purl=purl,
    )


def _corpus(name: str, source: str) -> Component:
    return Component(
        type=ComponentType.DATA,
        name=name,
        bom_ref=f"corpus-{name}",
        properties=[Property(name="source", value=source)],
    )
