"""What a pipeline file states, with PipelineLib's defaults filled in.

Texts may hold variables, which are replaced when their stage runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Build:
    """Build a variant of the stage's Blubber file."""

    variant: str
    context: str
    pulls: bool


@dataclass(frozen=True)
class Run:
    """Run an image; `tail` is how many lines of its output later stages may read."""

    image: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    tail: int


@dataclass(frozen=True)
class Publish:
    """Push an image under its tag and all further tags."""

    image: str
    name: str
    tag: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """Steps that run in the order of these fields. `after` are all stages that ran before it."""

    name: str
    blubberfile: str
    after: frozenset[str]
    build: Build | None
    run: Run | None
    publish: Publish | None
    exports: Mapping[str, str]


@dataclass(frozen=True)
class Pipeline:
    """A pipeline's stages in an order that its execution graph allows."""

    name: str
    directory: str
    stages: tuple[Stage, ...]

    @property
    def image(self) -> str:
        """The image that it is about: `X` and `X-publish` are the two pipelines of the image X."""
        return self.name.removesuffix("-publish")

    @property
    def publishes(self) -> bool:
        """Whether any of its stages pushes an image."""
        return any(stage.publish for stage in self.stages)
