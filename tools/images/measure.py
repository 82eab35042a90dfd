#!/usr/bin/env python3
"""Measure the images and print the tables of docs/images.md.

    tools/images/engine.py run .venv/bin/python tools/images/measure.py MODELS [IMAGE...] [--cold]

MODELS is a folder of models as `liftwing-serving demo build --all` fills it: build/demo/models.
`--cold` first removes all images that Blubber's specs describe and everything that docker's builder
has cached, and builds them one after another; it takes minutes.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time
from typing import Callable, Dict, List, Sequence, Tuple

from build import build
from context import change_source, copy_context
from inventory import ROOT, images
from serving import docker, in_checkout, in_container, start_seconds

STARTS = 5
CHANGES = 3
LARGE_MEGABYTES = 9
SITE_PACKAGES = [f"/opt/lib/{venv}/lib/python3.11/site-packages" for venv in ("shared", "venv")]
PLACES = ("/usr/share/hunspell", "/var/lib/aspell", "/usr/share/nltk_data", "/usr/lib/python3.11")
# Those that share least with the families' first.
ORDER = ("outlink-transformer", "outlink", "ores")
HEADINGS = (
    *("image", "MB", "layers", "cold build, s", "after a source change, s"),
    *("start to ready in a container, s", "from the checkout, s"),
)


def main() -> None:
    """Run the command."""
    known = sorted(images(), key=lambda name: (name not in ORDER, name))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("images", nargs="*", metavar="IMAGE", help=f"default: {' '.join(known)}")
    parser.add_argument("--cold", action="store_true", help="build without cached layers first")
    options = parser.parse_args()
    names = options.images or known
    cold = cold_seconds(names) if options.cold else {}
    for image in names:
        must_build(image)
    print_row(*HEADINGS)
    print_row(*("---" for _ in HEADINGS))
    for image in names:
        print_row(*row(image, cold.get(image), options.models.resolve()))
    for image in names:
        for rows in (layers(image), parts(image)):
            print(f"\n{image}\n")
            for name, size in rows:
                print_row(name, f"{size:.1f}")


def print_row(*cells: str) -> None:
    """Print a line of a table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def row(image: str, cold: "float | None", models: pathlib.Path) -> List[str]:
    """Return the cells of an image."""
    size = int(docker("image", "inspect", image, "--format", "{{.Size}}")) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        context = copy_context(pathlib.Path(folder) / "context")
        changed = statistics.median(rebuild_seconds(image, context) for _ in range(CHANGES))
    starts = [
        statistics.median(start_seconds(start(image, models)) for _ in range(STARTS))
        for start in (in_container, in_checkout)
    ]
    built = "" if cold is None else f"{cold:.0f}"
    times = [f"{time:.1f}" for time in (changed, *starts)]
    return [image, f"{size:.0f}", str(len(layers(image))), built, *times]


def must_build(image: str, *options: str, context: pathlib.Path = ROOT, tag: str = "") -> None:
    """Build the production image quietly."""
    if build(image, context=context, tag=tag, options=("--quiet", *options)):
        raise SystemExit(f"measure: {image} does not build")


def seconds(action: Callable[[], None]) -> float:
    """Return how long it takes."""
    started = time.monotonic()
    action()
    return time.monotonic() - started


def cold_seconds(names: Sequence[str]) -> Dict[str, float]:
    """Return how long each image takes, built after those before it, when nothing is cached."""
    made = docker("image", "ls", "--quiet", "--filter", "label=blubber.variant").split()
    if made:
        docker("image", "rm", "--force", *set(made))
    docker("builder", "prune", "--all", "--force")
    return {image: seconds(lambda: must_build(image)) for image in names}


def rebuild_seconds(image: str, context: pathlib.Path, tag: str = "") -> float:
    """Return how long a build takes after a line of the shared package has changed."""
    change_source(context)
    return seconds(lambda: must_build(image, context=context, tag=tag or f"{image}-changed"))


def layers(image: str) -> List[Tuple[str, float]]:
    """Return the instruction and the size of each layer, the last made first."""
    lines = docker(
        "history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", image
    )
    rows = [line.split("\t", 1) for line in lines.splitlines()]
    return [(shortened(words), int(size) / 1e6) for size, words in rows if int(size)]


def shortened(instruction: str) -> str:
    """Return the part of an instruction that tells layers apart."""
    words = instruction.partition("/bin/sh -c ")[2] or instruction or "the base"
    return f"`{' '.join(words.replace(' # buildkit', '').split())[:60]}`"


def parts(image: str) -> List[Tuple[str, float]]:
    """Return the largest packages and other folders of the image."""
    places = " ".join([*(f"{folder}/*" for folder in SITE_PACKAGES), *PLACES])
    script = f"du -sb {places} 2>/dev/null || true"
    lines = docker("run", "--rm", "--entrypoint", "/bin/sh", image, "-c", script).splitlines()
    sizes = {path: int(size) / 1e6 for size, path in (line.split("\t") for line in lines)}
    large = {path: size for path, size in sizes.items() if size > LARGE_MEGABYTES}
    named = {path.rpartition("site-packages/")[2]: size for path, size in large.items()}
    return sorted(named.items(), key=lambda row: -row[1])


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"measure: {error}") from None
