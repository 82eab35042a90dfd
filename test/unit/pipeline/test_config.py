"""The pipelines of this project."""

from __future__ import annotations

from pathlib import Path

import pytest
from liftwing_pipeline.reader import read
from liftwing_pipeline.spec import Pipeline

FOLDER = Path(__file__).parents[3] / ".pipeline"
PIPELINES = read((FOLDER / "config.yaml").read_text(), ".pipeline/config.yaml")
IMAGES = [name for name in PIPELINES if not name.endswith("-publish")]


def blubberfile(pipeline: Pipeline) -> str:
    """The one that all stages name."""
    (file,) = {stage.blubberfile for stage in pipeline.stages}
    return file


def image_of(spec: Path) -> str:
    """X/blubber.yaml is the spec of the image X, X/Y.yaml that of X-Y."""
    folder = spec.parent.name
    return folder if spec.stem == "blubber" else f"{folder}-{spec.stem}"


def test_each_spec_has_two_pipelines_and_no_pipeline_is_without_a_spec() -> None:
    specs = {image_of(spec): str(spec.relative_to(FOLDER)) for spec in FOLDER.glob("*/*.yaml")}
    assert {image: blubberfile(PIPELINES[image]) for image in IMAGES} == specs
    assert PIPELINES.keys() == {name for image in IMAGES for name in (image, f"{image}-publish")}


@pytest.mark.parametrize("image", IMAGES)
def test_a_change_is_tested_before_production_is_built(image: str) -> None:
    tested, built = PIPELINES[image].stages
    assert tested.build and tested.build.variant == "test" and tested.run
    assert built.build and built.build.variant == "production"
    assert not PIPELINES[image].publishes


@pytest.mark.parametrize("image", IMAGES)
def test_production_is_published_under_its_image_and_by_commit(image: str) -> None:
    pipeline = PIPELINES[f"{image}-publish"]
    (stage,) = pipeline.stages
    assert blubberfile(pipeline) == blubberfile(PIPELINES[image])
    assert stage.build and stage.build.variant == "production"
    assert stage.publish and stage.publish.image == "${.imageID}"
    assert stage.publish.name == f"machinelearning-liftwing-inference-services-{image}"
    assert stage.publish.tag == "${setup.timestamp}-publish"
    assert stage.publish.tags == ("stable", "${setup.commit}")
