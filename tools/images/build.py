#!/usr/bin/env python3
"""Build an image as `blubber ... | docker build ...` does, with a label that tells its corpora.

    tools/images/build.py editquality [VARIANT]

The label `corpora` says where NLTK's corpora, as far as the image's models read any, came from:
`present`, `downloaded` or, if any of them is one, `stand-in`; `none` if they read none. An image of
stand-ins gives other scores than production's and must not be published.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
from typing import List, Sequence

from inventory import DEMO, ROOT, specs

MARKER = "build/nltk_data/corpora.json"
VARIANT = "production"
WORST_FIRST = ("stand-in", "downloaded", "present")


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image", choices=specs())
    parser.add_argument("variant", nargs="?", default=VARIANT)
    options = parser.parse_args()
    try:
        return build(options.image, options.variant)
    except OSError as error:
        print(f"build: {error} (`make setup` prepares what a build needs)", file=sys.stderr)
        return 1


def build(
    image: str,
    variant: str = VARIANT,
    context: pathlib.Path = ROOT,
    tag: str = "",
    options: Sequence[str] = (),
) -> int:
    """Build a variant, tagged IMAGE or IMAGE-VARIANT unless told; return the exit status."""
    compiled = subprocess.run(
        [ROOT / ".venv/bin/blubber", specs()[image], variant],
        cwd=context,
        stdout=subprocess.PIPE,
        check=False,
    )
    if compiled.returncode:
        return compiled.returncode
    tag = tag or (image if variant == VARIANT else f"{image}-{variant}")
    # The demo has models of every family, too.
    reader = "revscoring" if image == DEMO else image
    command = docker_build(tag, corpora_source(context / MARKER, reader))
    words = [*command, *options, "--file", "-", "."]
    # Docker 20.10 builds without BuildKit unless it is told.
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    done = subprocess.run(
        words, cwd=context, input=compiled.stdout, stdout=sys.stderr, env=environment, check=False
    )
    return done.returncode


def docker_build(tag: str, corpora: str) -> List[str]:
    """Return the command that builds an image of that name and label."""
    network = os.environ.get("DOCKER_BUILD_NETWORK", "default")
    command = [docker_command(), "build", "--network", network]
    return [*command, "--tag", tag, "--label", f"corpora={corpora}"]


def docker_command() -> str:
    """Return the client that the engine found, or the one on PATH."""
    return os.environ.get("DOCKER", "docker")


def corpora_source(marker: pathlib.Path, image: str) -> str:
    """Return the worst source that a marker names for the corpora that the image reads."""
    # A marker that an older checkout wrote has more in it than an entry for each corpus.
    entries = [it for it in json.loads(marker.read_text()).values() if isinstance(it, dict)]
    sources = {entry["source"] for entry in entries if image in entry["images"]}
    return next((source for source in WORST_FIRST if source in sources), "none")


if __name__ == "__main__":
    sys.exit(main())
