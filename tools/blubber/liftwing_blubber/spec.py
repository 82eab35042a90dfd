"""What a Blubber file states, as plain values.

In every class here None, an empty text and an id of 0 mean "not stated", so that merging can tell
a statement from its absence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional, Tuple, Union

LOCAL = "local"


@dataclass(frozen=True)
class Place:
    """Where in the file something was stated, for messages."""

    file: str
    line: int
    path: str


@dataclass(frozen=True)
class Artifact:
    """Files to bring from the context (`local`), a variant or an image.

    Without a source it means everything that the origin has to give.
    """

    origin: str
    source: str = ""
    destination: str = ""
    place: Optional[Place] = field(default=None, compare=False)


@dataclass(frozen=True)
class Cache:
    """A directory that lives on between builds and stays out of the image."""

    destination: str
    id: str = ""
    access: str = ""


@dataclass(frozen=True)
class Python:
    """The python builder: a virtual environment with the packages of requirements files."""

    version: str = ""
    requirements: Optional[Tuple[Artifact, ...]] = None
    venv: str = ""
    use_system_site_packages: Optional[bool] = None
    no_deps: Optional[bool] = None
    pip_version: str = ""
    setuptools_version: str = ""
    wheel_version: str = ""
    tox_version: str = ""


@dataclass(frozen=True)
class Custom:
    """A builder that runs a command (a shell line, or words) or a script."""

    command: Union[None, str, Tuple[str, ...]] = None
    script: str = ""
    requirements: Optional[Tuple[Artifact, ...]] = None
    caches: Optional[Tuple[Cache, ...]] = None


Builder = Union[Python, Custom]


@dataclass(frozen=True)
class Lives:
    """The directory of the application and the account that owns it."""

    directory: str = ""
    name: str = ""
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True)
class Runs:
    """The account and the surroundings of the process."""

    name: str = ""
    uid: int = 0
    gid: int = 0
    directory: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    insecurely: Optional[bool] = None


@dataclass(frozen=True)
class Section:
    """The root of a file or one of its variants: the keys that both may have."""

    base: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    packages: Optional[Mapping[str, Tuple[str, ...]]] = None
    builders: Optional[Tuple[Builder, ...]] = None
    python: Optional[Python] = None
    builder: Optional[Custom] = None
    lives: Lives = Lives()
    runs: Runs = Runs()
    entrypoint: Optional[Tuple[str, ...]] = None
    copies: Tuple[Artifact, ...] = ()


@dataclass(frozen=True)
class Include:
    """The name of a variant to include."""

    name: str
    place: Place


@dataclass(frozen=True)
class Variant:
    """One variant as it is written, before anything is merged into it."""

    name: str
    section: Section
    includes: Tuple[Include, ...]
    place: Place


@dataclass(frozen=True)
class File:
    """A whole file."""

    root: Section
    variants: Mapping[str, Variant]
    place: Place


@dataclass(frozen=True)
class Stage:
    """A variant with everything merged: what one image is made from."""

    name: str
    section: Section
    place: Place

    @property
    def working_directory(self) -> str:
        """Where its process starts and where relative sources of other variants start."""
        if not self.section.base:
            return "/"
        return self.section.runs.directory or self.section.lives.directory

    @property
    def builders(self) -> Tuple[Builder, ...]:
        """Its builders in the order in which they run."""
        if self.section.builders is not None:
            return self.section.builders
        return tuple(b for b in (self.section.python, self.section.builder) if b is not None)

    @property
    def artifacts(self) -> Tuple[Artifact, ...]:
        """All that it brings from elsewhere, builders' requirements included."""
        if not self.section.base:
            return self.section.copies
        needed = [a for b in self.builders for a in b.requirements or ()]
        return (*needed, *self.section.copies)
