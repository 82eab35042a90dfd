"""The command of tools/pipeline/run.py."""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Iterable, Sequence

from liftwing_blubber import BlubberError
from liftwing_pipeline.checkout import setup_values
from liftwing_pipeline.docker import Docker, Rehearsal
from liftwing_pipeline.errors import PipelineError
from liftwing_pipeline.runner import Registry, Runner, pipelines_of, stand_ins_allowed
from liftwing_pipeline.spec import Pipeline, Stage

ROOT = pathlib.Path(__file__).resolve().parents[3]
DESCRIPTION = """\
Run a pipeline of .pipeline/config.yaml on this machine, as Wikimedia's
PipelineLib runs it in CI: build variants, run them, publish images.

  tools/pipeline/run.py list
  tools/pipeline/run.py run editquality
  tools/pipeline/run.py run editquality-publish --registry 127.0.0.1:5000
"""
RUN = """\
Run the stages of a pipeline, one after the other, and stop at the first that
fails. Standard output has a line for each image: the stage, a tab, and
sha256:ID for an image that was built, NAME:TAG@sha256:DIGEST for one that was
published. Commands and what they print are on standard error.

DOCKER names the docker client to use. An image with stand-ins for corpora is
published only with ALLOW_STAND_IN=1. `make setup` prepares what builds need.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        pipelines = pipelines_of(options.root)
        if options.command == "list":
            show(pipelines.values())
        else:
            run(chosen(pipelines, options.name), options)
    except (BlubberError, PipelineError, OSError) as error:
        print(f"pipeline: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--root", type=pathlib.Path, default=ROOT, help="the checkout (default: this one)"
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="list the pipelines and what their stages do")
    running = commands.add_parser(
        "run",
        help="run one",
        description=RUN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    running.add_argument("name", metavar="NAME", help="a pipeline that `list` lists")
    running.add_argument("--registry", metavar="HOST[:PORT]", help="where to publish")
    running.add_argument(
        "--repository",
        default="wikimedia",
        help="what stands between registry and name of an image (default: %(default)s)",
    )
    running.add_argument(
        "--tag",
        action="append",
        default=[],
        help="a tag to publish under, besides those of the pipeline; may be repeated",
    )
    running.add_argument(
        "--only-build", action="store_true", help="build the images; run and publish none"
    )
    running.add_argument(
        "--dry-run", action="store_true", help="print the commands and run none of them"
    )
    return made


def show(pipelines: Iterable[Pipeline]) -> None:
    """Print a line for each pipeline."""
    for pipeline in pipelines:
        print(f"{pipeline.name}\t{'; '.join(map(summary, pipeline.stages))}")


def summary(stage: Stage) -> str:
    """Return what a stage does, in a few words."""
    steps = [f"build {stage.build.variant}"] if stage.build else []
    steps += ["run"] if stage.run else []
    steps += ["publish"] if stage.publish else []
    return f"{stage.name}: {', '.join(steps) or 'nothing'}"


def chosen(pipelines: dict[str, Pipeline], name: str) -> Pipeline:
    """Return the pipeline of that name."""
    if name not in pipelines:
        raise PipelineError(f"there is no pipeline {name!r}; there are {', '.join(pipelines)}")
    return pipelines[name]


def run(pipeline: Pipeline, options: argparse.Namespace) -> None:
    """Run a pipeline and print the images it makes."""
    registry = None
    if options.registry:
        registry = Registry(options.registry, options.repository, tuple(options.tag))
    setup = setup_values(options.root)
    runner = Runner(options.root, setup, registry, stand_ins_allowed(), options.only_build)
    docker = Rehearsal(aloud=True) if options.dry_run else Docker()
    for image in runner.run(pipeline, docker):
        if not options.dry_run:
            print(f"{image.stage}\t{image.reference}", flush=True)
