"""The command of tools/publish/publish.py."""

from __future__ import annotations

import argparse
import pathlib
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inventory import images
from liftwing_blubber import BlubberError
from liftwing_pipeline.checkout import setup_values
from liftwing_pipeline.docker import Docker
from liftwing_pipeline.errors import PipelineError
from liftwing_pipeline.runner import Registry, Runner, pipelines_of, stand_ins_allowed
from liftwing_pipeline.spec import Pipeline
from liftwing_publish.attachment import Document, attach
from liftwing_publish.contents import contents_of, locked_hashes
from liftwing_publish.registry import Repository
from liftwing_publish.sbom import MEDIA_TYPE, Published, bill

ROOT = pathlib.Path(__file__).resolve().parents[3]
BILLS = "build/sbom"
DESCRIPTION = """\
Build images, push them under the tags of their pipelines and of the version,
and put beside each a list of what it contains (an SBOM in CycloneDX).

Standard output has a line for each tag: the image, a tab, and
NAME:TAG@sha256:DIGEST. An image with stand-ins for corpora is refused unless
ALLOW_STAND_IN=1 is set. docs/publishing.md says how to read what is published.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        publisher = Publisher.of(options)
        for pipeline in publisher.chosen(options.images):
            for reference in publisher.publish(pipeline):
                print(f"{pipeline.image}\t{reference}", flush=True)
    except (BlubberError, PipelineError, OSError) as error:
        print(f"publish: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("images", nargs="*", metavar="IMAGE", help="which ones (default: all)")
    made.add_argument("--registry", required=True, metavar="HOST[:PORT]", help="where to publish")
    made.add_argument(
        "--root", type=pathlib.Path, default=ROOT, help="the checkout (default: this one)"
    )
    return made


@dataclass(frozen=True)
class Publisher:
    """Runs the publishing pipelines of one checkout."""

    runner: Runner
    pipelines: dict[str, Pipeline]
    version: str

    @classmethod
    def of(cls, options: argparse.Namespace) -> Publisher:
        """Return the one that the command line asks for."""
        root: pathlib.Path = options.root
        version = version_of(root)
        runner = Runner(
            root,
            setup_values(root),
            Registry(options.registry, tags=(version,)),
            publishes_stand_ins=stand_ins_allowed(),
        )
        publishing = [it for it in pipelines_of(root).values() if it.publishes]
        return cls(runner, {it.image: it for it in publishing}, version)

    def chosen(self, names: Sequence[str]) -> list[Pipeline]:
        """Return the pipelines of these images, or all, having checked them before any is run."""
        unknown = [name for name in names if name not in self.pipelines]
        if unknown:
            known = ", ".join(self.pipelines)
            raise PipelineError(f"no pipeline publishes {unknown[0]!r}; there are {known}")
        found = [self.pipelines[name] for name in names or self.pipelines]
        for pipeline in found:
            self.runner.check(pipeline)
        return found

    def publish(self, pipeline: Pipeline) -> Iterator[str]:
        """Publish an image and its SBOM; yield what each is called in the registry."""
        built = ""
        digests: dict[str, str] = {}
        for image in self.runner.run(pipeline, Docker()):
            reference, at, digest = image.reference.partition("@")
            if not at:
                built = reference
                continue
            yield image.reference
            digests[reference.rpartition(":")[0]] = digest
        for full_name, digest in digests.items():
            yield self._describe(pipeline.image, built, full_name, digest)

    def _describe(self, name: str, built: str, full_name: str, digest: str) -> str:
        commit = self.runner.setup.get("commit", "")
        lock = self.runner.root / images(self.runner.root)[name].lock
        image = Published(full_name, digest, self.version, commit)
        text = bill(image, contents_of(built), locked_hashes(lock.read_text()))
        file = self.runner.root / BILLS / f"{name}.cdx.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        document = Document(MEDIA_TYPE, file.name, text.encode())
        tag, stored = attach(Repository(full_name), digest, document, "sbom")
        return f"{full_name}:{tag}@{stored}"


def version_of(root: pathlib.Path) -> str:
    """Return the version of the shared package, which is the project's."""
    project = tomllib.loads((root / "python/pyproject.toml").read_text())["project"]
    return str(project["version"])
