"""What an image is given to serve models with, in a container or from the checkout."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import Dict, Iterator, Sequence, Tuple

from build import docker_command
from inventory import ROOT, images, plain_images
from liftwing_serving.revscoring import families

MOUNTED = pathlib.Path("/mnt/models")
OUTLINK_MODEL = "outlink-topic-model"
# It has no models of its own, and no gRPC.
FRONT = "ores"
# Nobody answers there.
NOWHERE = "127.0.0.1:9"
PORT = 8080
PORTS_OF_CHECKOUT = (18080, 18081)
POLL_SECONDS = 0.02
START_SECONDS = 60


@dataclass(frozen=True)
class Given:
    """Environment variables and flags."""

    environment: Dict[str, str]
    flags: Tuple[str, ...] = ()


def given_to(image: str, models: pathlib.Path, names: Sequence[str] = ()) -> Given:
    """Return what an image is given that shall serve models of a folder as the demo has it.

    `names` are the models of a revscoring image; by default its families' examples.
    """
    if image == "outlink":
        return Given({"MODEL_PATH": str(models / OUTLINK_MODEL / "model.bin")})
    if image == "outlink-transformer":
        return Given({}, ("--predictor_host", NOWHERE, "--model_name", OUTLINK_MODEL))
    if image == FRONT:
        return Given({"MODEL_SERVERS": f"* http://{NOWHERE}"})
    if image in plain_images():
        return Given({"MODEL_PATH": str(models / image / "model.bin")})
    names = names or examples_of(image)
    file = models
    if len(names) == 1:
        file = models / names[0] / families.file_name(names[0].partition("-")[2])
    environment = {
        "INFERENCE_NAME": ",".join(names),
        "MODEL_PATH": str(file),
        "WIKI_URL": f"http://{NOWHERE}",
        "WORD2VEC_PATH": str(models / "word2vec"),
    }
    return Given(environment)


def examples_of(image: str) -> Tuple[str, ...]:
    """Return the English Wikipedia's models that stand for a revscoring image."""
    held = [it for it in families.FAMILIES if image in (it.folder, families.UNIVERSAL)]
    return tuple(f"enwiki-{family.example}" for family in held)


@contextlib.contextmanager
def in_container(image: str, models: pathlib.Path) -> Iterator[str]:
    """Start a container and yield the address of its probe."""
    given = given_to(image, MOUNTED)
    pairs = [f"{name}={value}" for name, value in given.environment.items()]
    words = [word for pair in pairs for word in ("--env", pair)]
    options = ["-d", "-p", f"127.0.0.1::{PORT}", "-v", f"{models}:{MOUNTED}:ro", *words]
    container = docker("run", *options, image, *given.flags).strip()
    try:
        port = docker("port", container, str(PORT)).split(":")[-1].strip()
        yield f"http://127.0.0.1:{port}/v2/health/ready"
    finally:
        docker("rm", "--force", container)


@contextlib.contextmanager
def in_checkout(image: str, models: pathlib.Path) -> Iterator[str]:
    """Start the same server from the checkout and yield the address of its probe."""
    given = given_to(image, models)
    environment = {
        **os.environ,
        **given.environment,
        "NLTK_DATA": str(ROOT / "build/nltk_data"),
        "DRAIN_DELAY_SECONDS": "0",
    }
    (program,) = (ROOT / images()[image].server).glob("*.py")
    http, grpc = map(str, PORTS_OF_CHECKOUT)
    ports = ["--http_port", http, *([] if image == FRONT else ["--grpc_port", grpc])]
    words = [sys.executable, program.name, *ports, *given.flags]
    process = subprocess.Popen(
        words, cwd=program.parent, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{http}/v2/health/ready"
    finally:
        process.terminate()
        process.wait()


def start_seconds(server: "contextlib.AbstractContextManager[str]") -> float:
    """Return the time from before the start until the server says that it is ready."""
    started = time.monotonic()
    with server as address:
        while not _ready(address):
            if time.monotonic() - started > START_SECONDS:
                raise SystemExit("measure: the server does not become ready")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - started


def docker(*words: str) -> str:
    """Return what the command prints."""
    return subprocess.check_output([docker_command(), *words], text=True)


def _ready(address: str) -> bool:
    """Whether the probe is answered with 200."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False
