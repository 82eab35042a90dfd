"""Runs a pipeline's stages, one after the other."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from build import MARKER, corpora_source
from liftwing_blubber import compile_text
from liftwing_pipeline.docker import Docker, Rehearsal, Variant
from liftwing_pipeline.errors import PipelineError
from liftwing_pipeline.reader import read
from liftwing_pipeline.spec import Build, Pipeline, Publish, Run, Stage
from liftwing_pipeline.variables import Variables

FOLDER = ".pipeline"
STAND_IN = "stand-in"
NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")
TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)


@dataclass(frozen=True)
class Registry:
    """Where images are pushed: HOST/REPOSITORY/NAME. `tags` come after the pipeline's own."""

    host: str
    repository: str = "wikimedia"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """An image that a stage has built (`sha256:ID`) or published (`NAME:TAG@sha256:DIGEST`)."""

    stage: str
    reference: str


@dataclass(frozen=True)
class Runner:
    """Runs pipelines of one checkout. `setup` are the variables of that name.

    Images with stand-ins for corpora give other scores than production's, so they are published
    only where `publishes_stand_ins` says so. With `only_builds`, nothing is run and published.
    """

    root: pathlib.Path
    setup: Mapping[str, str]
    registry: Registry | None = None
    publishes_stand_ins: bool = False
    only_builds: bool = False

    def run(self, pipeline: Pipeline, docker: Docker) -> Iterator[Image]:
        """Run all stages and yield the images they make, as they make them.

        A mistake is found before the first image is built.
        """
        self.check(pipeline)
        yield from self._stages(pipeline, docker)

    def check(self, pipeline: Pipeline) -> None:
        """Rehearse a pipeline silently; refuse one that cannot be run, or may not be."""
        if pipeline.publishes and not self.only_builds:
            self._check_publishing(pipeline)
        list(self._stages(pipeline, Rehearsal(aloud=False)))

    def corpora(self, pipeline: Pipeline) -> str:
        """Return where the corpora came from that a pipeline's image holds."""
        marker = self.root / MARKER
        if not marker.exists():
            raise PipelineError(f"{marker} is missing; `make setup` prepares what builds need")
        return corpora_source(marker, pipeline.image)

    def _check_publishing(self, pipeline: Pipeline) -> None:
        if not self.registry:
            raise PipelineError(f"{pipeline.name} publishes: say where with --registry HOST")
        if self.corpora(pipeline) == STAND_IN and not self.publishes_stand_ins:
            raise PipelineError(
                f"{pipeline.image} would hold stand-ins for corpora and give other scores than"
                " production's; ALLOW_STAND_IN=1 publishes it all the same"
            )

    def _stages(self, pipeline: Pipeline, docker: Docker) -> Iterator[Image]:
        variables = Variables(self.setup)
        for stage in pipeline.stages:
            yield from _StageRun(self, pipeline, stage, variables, docker).steps()


@dataclass(frozen=True)
class _StageRun:
    """A stage that is being run: its steps bind what later ones read."""

    runner: Runner
    pipeline: Pipeline
    stage: Stage
    variables: Variables
    docker: Docker

    def steps(self) -> Iterator[Image]:
        """Take the steps in PipelineLib's order."""
        self._bind("stage", self.stage.name)
        if self.stage.build:
            yield self._build(self.stage.build)
        if self.stage.run and not self.runner.only_builds:
            self._run(self.stage.run)
        if self.stage.publish and not self.runner.only_builds:
            yield from self._publish(self.stage.publish)
        for name, value in self.stage.exports.items():
            self._bind(name, self._replace(value))

    def _replace(self, text: str) -> str:
        return self.variables.replace(text, self.stage)

    def _bind(self, name: str, value: str) -> None:
        self.variables.bind(self.stage, name, value)

    def _build(self, build: Build) -> Image:
        file = f"{FOLDER}/{self._replace(self.stage.blubberfile)}"
        variant = self._replace(build.variant)
        if not (self.runner.root / file).is_file():
            raise PipelineError(f"the stage {self.stage.name} has no Blubber file {file}")
        text = (self.runner.root / file).read_text()
        place = self.runner.root / self.pipeline.directory / self._replace(build.context)
        image = self.docker.build(
            Variant(
                file,
                variant,
                compile_text(text, variant, file),
                place.resolve(),
                self._labels(),
                build.pulls,
            )
        )
        self._bind("imageID", image)
        return Image(self.stage.name, f"sha256:{image}")

    def _labels(self) -> dict[str, str]:
        """PipelineLib's labels, and the one that tells where an image's corpora came from."""
        setup = self.runner.setup
        labels = {
            "ci.project": setup["project"],
            "ci.pipeline": self.pipeline.name,
            "corpora": self.runner.corpora(self.pipeline),
        }
        return labels | ({"zuul.commit": setup["commit"]} if "commit" in setup else {})

    def _run(self, run: Run) -> None:
        output = self.docker.run(
            self._replace(run.image),
            [self._replace(argument) for argument in run.arguments],
            {name: self._replace(value) for name, value in run.environment.items()},
            run.tail,
        )
        self._bind("output", output)

    def _publish(self, publish: Publish) -> Iterator[Image]:
        registry = self.runner.registry
        assert registry
        image = self._replace(publish.image)
        name = self._checked(NAME, self._replace(publish.name), "the name of an image")
        full_name = f"{registry.host}/{registry.repository}/{name}"
        tags = self._tags([publish.tag, *publish.tags, *registry.tags])
        for tag in tags:
            reference = f"{full_name}:{tag}"
            digest = self.docker.publish(image, reference)
            yield Image(self.stage.name, f"{reference}@{digest}")
        self._bind("imageName", name)
        self._bind("imageFullName", full_name)
        self._bind("imageTag", tags[0])
        self._bind("publishedImage", f"{full_name}:{tags[0]}")

    def _tags(self, texts: Sequence[str]) -> list[str]:
        """Return each tag once, in the order given."""
        tags = [self._checked(TAG, self._replace(text), "a tag") for text in texts]
        return list(dict.fromkeys(tags))

    def _checked(self, pattern: re.Pattern[str], text: str, what: str) -> str:
        if not pattern.fullmatch(text):
            raise PipelineError(f"{text!r} in the stage {self.stage.name} is not {what}")
        return text


def pipelines_of(root: pathlib.Path) -> dict[str, Pipeline]:
    """Return the pipelines of a checkout by name."""
    file = root / FOLDER / "config.yaml"
    return read(file.read_text(), str(file))


def stand_ins_allowed() -> bool:
    """Whether the environment lets images with stand-ins for corpora be published."""
    return os.environ.get("ALLOW_STAND_IN") == "1"
