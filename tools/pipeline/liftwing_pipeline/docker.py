"""The docker commands that a pipeline needs."""

from __future__ import annotations

import collections
import os
import pathlib
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from build import docker_command
from liftwing_pipeline.errors import PipelineError

# PipelineLib's own limit for what it runs.
RUN_SECONDS = 20 * 60
DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class Variant:
    """What one build is made from; the Dockerfile is that of the variant."""

    file: str
    name: str
    dockerfile: str
    context: pathlib.Path
    labels: Mapping[str, str]
    pulls: bool


class Docker:
    """The docker client that DOCKER names. All that it prints goes to standard error."""

    def __init__(self) -> None:
        self.command = docker_command()

    def build(self, variant: Variant) -> str:
        """Build an image and return its ID."""
        with tempfile.TemporaryDirectory() as folder:
            note = pathlib.Path(folder) / "image-id"
            words = [*self.build_words(variant), "--iidfile", str(note), "--file", "-"]
            words.append(str(variant.context))
            say(self.pipe(variant, words))
            done = subprocess.run(
                words,
                input=variant.dockerfile.encode(),
                stdout=sys.stderr,
                # Docker 20.10 builds without BuildKit unless it is told.
                env={**os.environ, "DOCKER_BUILDKIT": "1"},
                check=False,
            )
            if done.returncode:
                raise PipelineError(f"{variant.file} {variant.name} does not build")
            return note.read_text().strip().removeprefix("sha256:")

    @staticmethod
    def pipe(variant: Variant, words: Sequence[str]) -> str:
        """Return a build as one would type it."""
        compiled = shlex.join(["blubber", variant.file, variant.name])
        return f"{compiled} | DOCKER_BUILDKIT=1 {shlex.join(words)}"

    def build_words(self, variant: Variant) -> list[str]:
        """Return the command that builds a variant, without the files it reads and writes."""
        network = os.environ.get("DOCKER_BUILD_NETWORK", "default")
        words = [self.command, "build", "--network", network]
        words += ["--pull"] if variant.pulls else []
        for name, value in variant.labels.items():
            words += ["--label", f"{name}={value}"]
        return words

    def run(
        self, image: str, arguments: Sequence[str], environment: Mapping[str, str], tail: int
    ) -> str:
        """Run an image to its end and return its last lines of output."""
        container = f"pipeline-{secrets.token_hex(4)}"
        words = self.run_words(container, image, arguments, environment)
        # Removing the container also ends a client that waits for it.
        timer = threading.Timer(RUN_SECONDS, self._remove, [container])
        timer.start()
        try:
            status, lines = self._stream(words, tail)
        except BaseException:
            self._remove(container)
            raise
        finally:
            timer.cancel()
        if status:
            self._remove(container)
            raise PipelineError(f"the image {image} ended with status {status}")
        return "".join(lines)

    def run_words(
        self,
        container: str,
        image: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
    ) -> list[str]:
        """Return the command that runs an image in a container of that name."""
        given = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
        return [self.command, "run", "--rm", "--name", container, *given, image, *arguments]

    def publish(self, image: str, reference: str) -> str:
        """Push an image under a name and tag, and return the digest that the registry knows."""
        self._must([self.command, "tag", image, reference])
        status, lines = self._stream([self.command, "push", reference], None)
        if status:
            raise PipelineError(f"{reference} cannot be pushed")
        found = DIGEST.search("".join(lines))
        if not found:
            raise PipelineError(f"docker does not tell the digest of {reference}")
        return found[1]

    def _stream(self, words: Sequence[str], tail: int | None) -> tuple[int, list[str]]:
        """Run a command, show its output as it comes, and return its status and last lines."""
        say(shlex.join(words))
        last: collections.deque[str] = collections.deque(maxlen=tail)
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, text=True, errors="replace"
        ) as process:
            assert process.stdout
            for line in process.stdout:
                sys.stderr.write(line)
                last.append(line)
        return process.returncode, list(last)

    def _must(self, words: Sequence[str]) -> None:
        status, _ = self._stream(words, 0)
        if status:
            raise PipelineError(f"`{shlex.join(words)}` failed")

    def _remove(self, container: str) -> None:
        subprocess.run([self.command, "rm", "--force", container], capture_output=True, check=False)


class Rehearsal(Docker):
    """Does nothing, and prints what it would do if it is asked to."""

    def __init__(self, aloud: bool) -> None:
        super().__init__()
        self._say = print if aloud else lambda command: None

    def build(self, variant: Variant) -> str:
        words = [*self.build_words(variant), "--file", "-", str(variant.context)]
        self._say(self.pipe(variant, words))
        return f"ID-of-{variant.name}"

    def run(
        self, image: str, arguments: Sequence[str], environment: Mapping[str, str], tail: int
    ) -> str:
        self._say(shlex.join(self.run_words("pipeline-NAME", image, arguments, environment)))
        return ""

    def publish(self, image: str, reference: str) -> str:
        self._say(shlex.join([self.command, "tag", image, reference]))
        self._say(shlex.join([self.command, "push", reference]))
        return "sha256:DIGEST"


def say(command: str) -> None:
    """Show a command on standard error."""
    print(f"+ {command}", file=sys.stderr, flush=True)
