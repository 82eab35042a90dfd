#!/usr/bin/env python3
"""Measure the image of edit quality and print the tables of docs/images.md.

    tools/images/engine.py run .venv/bin/python tools/images/measure.py MODELS [--cold]

MODELS is a folder that holds a damaging model of English Wikipedia, `model.bin`. `--cold` builds
the image anew, without any layer that is there; it takes minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from typing import Callable, Dict, Iterator, List, Tuple

from build import ROOT, build
from liftwing_demo.checkout import model_server
from liftwing_serving.revscoring import families

FAMILY = families.EDITQUALITY
IMAGE = FAMILY.folder
STARTS = 5
POLL_SECONDS = 0.02
START_SECONDS = 60
# What the build reads of a checkout.
CONTEXT = ("python", "revscoring", "requirements", "build/nltk_data", ".pipeline", ".dockerignore")
LARGE_MEGABYTES = 9
SITE_PACKAGES = "/opt/lib/venv/lib/python3.11/site-packages"
PLACES = ("/usr/share/hunspell", "/var/lib/aspell", "/usr/lib/python3.11", "/srv/app")
ENVIRONMENT = {"INFERENCE_NAME": f"enwiki-{FAMILY.example}", "WIKI_URL": "http://127.0.0.1:9"}


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("--cold", action="store_true", help="build without cached layers first")
    options = parser.parse_args()
    models = options.models.resolve()
    if options.cold:
        print(f"| cold build | {seconds(lambda: must_build('--no-cache')):.0f} s |")
    must_build()
    with tempfile.TemporaryDirectory() as folder:
        changed = rebuild_seconds(pathlib.Path(folder))
    print(f"| build after a change of the source | {changed:.1f} s |")
    print(
        f"| size | {int(docker('image', 'inspect', IMAGE, '--format', '{{.Size}}')) / 1e6:.0f} MB |"
    )
    for name, start in (("container", in_container), ("checkout", in_checkout)):
        times = [start_seconds(start(models)) for _ in range(STARTS)]
        print(f"| start to ready, {name} | {statistics.median(times):.2f} s |")
    for rows in (layers(), parts()):
        print()
        for name, size in rows:
            print(f"| {name} | {size:.1f} MB |")
    return 0


def docker(*words: str) -> str:
    """Return what the command prints."""
    return subprocess.check_output([os.environ.get("DOCKER", "docker"), *words], text=True)


def must_build(*options: str, context: pathlib.Path = ROOT, tag: str = IMAGE) -> None:
    """Build the production image quietly."""
    if build(IMAGE, context=context, tag=tag, options=("--quiet", *options)):
        raise SystemExit("measure: the image does not build")


def seconds(action: Callable[[], None]) -> float:
    """Return how long it takes."""
    started = time.monotonic()
    action()
    return time.monotonic() - started


def copy_context(target: pathlib.Path) -> pathlib.Path:
    """Copy what the build reads, to be changed."""
    for name in CONTEXT:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name)
        else:
            shutil.copy2(ROOT / name, target / name)
    return target


def rebuild_seconds(folder: pathlib.Path, tag: str = f"{IMAGE}-changed") -> float:
    """Return how long a build takes after a line of the shared package has changed."""
    context = copy_context(folder / "context")
    with (context / "python/liftwing_serving/errors.py").open("a") as source:
        source.write(f"# {time.time()}\n")
    return seconds(lambda: must_build(context=context, tag=tag))


def layers() -> List[Tuple[str, float]]:
    """Return the instruction and the size of each layer, the last made first."""
    lines = docker(
        "history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", IMAGE
    )
    rows = [line.split("\t", 1) for line in lines.splitlines()]
    return [(shortened(words), int(size) / 1e6) for size, words in rows if int(size)]


def shortened(instruction: str) -> str:
    """Return the part of an instruction that tells layers apart."""
    words = instruction.partition("/bin/sh -c ")[2] or instruction or "the base"
    return f"`{' '.join(words.replace(' # buildkit', '').split())[:60]}`"


def parts() -> List[Tuple[str, float]]:
    """Return the largest packages and other folders of the image."""
    script = f"du -sb {SITE_PACKAGES}/* {' '.join(PLACES)}"
    lines = docker("run", "--rm", "--entrypoint", "/bin/sh", IMAGE, "-c", script).splitlines()
    sizes = {path: int(size) / 1e6 for size, path in (line.split("\t") for line in lines)}
    large = {path: size for path, size in sizes.items() if size > LARGE_MEGABYTES or path in PLACES}
    named = {path.replace(f"{SITE_PACKAGES}/", ""): size for path, size in large.items()}
    return sorted(named.items(), key=lambda row: -row[1])


@contextlib.contextmanager
def in_container(models: pathlib.Path) -> Iterator[str]:
    """Start a container and yield the address of its probe."""
    given = [word for name, value in ENVIRONMENT.items() for word in ("-e", f"{name}={value}")]
    options = ["-d", "-p", "127.0.0.1::8080", "-v", f"{models}:/mnt/models:ro", *given]
    container = docker("run", *options, IMAGE).strip()
    try:
        port = docker("port", container, "8080").split(":")[-1].strip()
        yield f"http://127.0.0.1:{port}/v2/health/ready"
    finally:
        docker("rm", "--force", container)


@contextlib.contextmanager
def in_checkout(models: pathlib.Path) -> Iterator[str]:
    """Start the same server from the checkout and yield the address of its probe."""
    environment: Dict[str, str] = {
        **os.environ,
        **ENVIRONMENT,
        "MODEL_PATH": str(models / "model.bin"),
        "NLTK_DATA": str(ROOT / "build/nltk_data"),
        "DRAIN_DELAY_SECONDS": "0",
    }
    command = [
        str(ROOT / ".venv/bin/python"),
        "model.py",
        "--http_port",
        "18080",
        "--grpc_port",
        "18081",
    ]
    process = subprocess.Popen(
        command,
        cwd=model_server(FAMILY).parent,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield "http://127.0.0.1:18080/v2/health/ready"
    finally:
        process.terminate()
        process.wait()


def start_seconds(server: "contextlib.AbstractContextManager[str]") -> float:
    """Return the time from before the start until the server says that it is ready."""
    started = time.monotonic()
    with server as address:
        while not ready(address):
            if time.monotonic() - started > START_SECONDS:
                raise SystemExit("measure: the server does not become ready")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - started


def ready(address: str) -> bool:
    """Whether the probe is answered with 200."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
