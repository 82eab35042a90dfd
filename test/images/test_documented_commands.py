"""The commands of docs/images.md, as a reader would paste them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.containers import IMAGE, PORT, DemoServer, docker, preferred_port, status_of
from support.environment import build_environment
from support.events import revision_create
from support.outlink import write_topic_model
from support.processes import ROOT, call, wait_until

MODEL = "enwiki-goodfaith"
DOCUMENT = (ROOT / "docs/images.md").read_text()
WIKI = "https://en.wikipedia.org"
EVENTGATE = "http://eventgate:8192"


def documented(start: str, *having: str) -> str:
    """The one line of the document that starts so and has these words."""
    lines = [line for line in DOCUMENT.splitlines() if line.startswith(start)]
    (line,) = [line for line in lines if all(word in line for word in having)]
    return line


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Surroundings in which `docker` and `blubber` are the ones under test."""
    commands = tmp_path_factory.mktemp("commands")
    client = shutil.which(os.environ.get("DOCKER", "docker"))
    assert client
    (commands / "docker").symlink_to(client)
    path = [str(commands), str(ROOT / ".venv/bin"), os.environ["PATH"]]
    return build_environment({"PATH": os.pathsep.join(path), "DOCKER_BUILDKIT": "1"})


@pytest.fixture(scope="module")
def eventgate(image: str) -> Iterator[DemoServer]:
    server = DemoServer("liftwing_demo.eventgate.server")
    yield server
    server.close()


@contextmanager
def pasted(
    line: str, folder: Path, environment: dict[str, str], log: Path, image: str = IMAGE
) -> Iterator[str]:
    """Run a documented `docker run` until it is ready; yields the address it is published at."""
    (named,) = re.findall(rf"-p (\d+):{PORT}", line)
    port = preferred_port(int(named))
    line = line.replace(f"-p {named}:{PORT}", f"-p {port}:{PORT}")
    url = f"http://localhost:{port}"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            line, shell=True, cwd=folder, env=environment, stdout=stream, stderr=stream
        )
    try:
        wait_until(
            lambda: process.poll() is not None or status_of(f"{url}/v2/health/ready") == 200,
            60,
            "ready",
        )
        assert process.poll() is None, log.read_text()
        yield url
    finally:
        filters = ("--filter", f"publish={port}", "--filter", f"ancestor={image}")
        for container in docker("ps", "--quiet", *filters).split():
            docker("stop", "--time", "35", container)
        process.wait(40)


def asked(line: str, url: str, environment: dict[str, str]) -> Any:
    """What a documented `curl` prints that is sent to that address."""
    ask = line.replace(f"localhost:{PORT}", url.removeprefix("http://"))
    done = subprocess.run(
        ask, shell=True, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_the_line_that_builds_builds(image: str, environment: dict[str, str]) -> None:
    line = documented("blubber ", "| docker build")
    network = os.environ.get("DOCKER_BUILD_NETWORK", "default")
    line = line.replace("docker build", f"docker build --network {network}")
    line = line.replace("--tag editquality", "--tag editquality-documented")
    done = subprocess.run(
        line, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    layers = [
        json.loads(docker("image", "inspect", name))[0]["RootFS"]
        for name in (image, "editquality-documented")
    ]
    assert layers[0] == layers[1]


def test_the_line_that_runs_serves_and_the_line_that_asks_is_answered(
    models: Path, wiki: DemoServer, environment: dict[str, str], tmp_path: Path
) -> None:
    line = documented("docker run", MODEL, f"WIKI_URL={WIKI} --rm")
    run = line.replace(WIKI, wiki.url)
    with pasted(run, models.parent, environment, tmp_path / "log") as url:
        answer = asked(documented("curl ", MODEL), url, environment)
    scores = answer["enwiki"]["scores"]["1000010"]["goodfaith"]["score"]
    assert scores["prediction"] in (True, False)


def test_the_line_with_an_eventgate_sends_the_score_there(
    models: Path,
    wiki: DemoServer,
    eventgate: DemoServer,
    nasty: dict[str, list[int]],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    line = documented("docker run", "EVENTGATE_URL").replace(WIKI, wiki.url)
    run = line.replace(EVENTGATE, eventgate.url)
    event = revision_create(nasty["ordinary"][0])
    with pasted(run, models.parent, environment, tmp_path / "log") as url:
        request = json.dumps({"event": event}).encode()
        assert call(f"{url}/v1/models/{MODEL}:predict", request).status == 200
        wait_until(lambda: received(eventgate), 10, "an event at EventGate")
    (sent,) = received(eventgate)
    assert sent["meta"]["stream"] == "mediawiki.revision_score_goodfaith"
    assert sent["rev_id"] == event["rev_id"]


def test_the_lines_of_the_outlink_pair_serve_and_are_answered(
    built: Callable[..., str], wiki: DemoServer, environment: dict[str, str], tmp_path: Path
) -> None:
    predictor, transformer = built("outlink"), built("outlink-transformer")
    (tmp_path / "outlink").mkdir()
    write_topic_model(tmp_path / "outlink/model.bin")
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    first = documented("docker run", "-p 8090:")
    alone = documented("docker run", "outlink-predictor --rm outlink-transformer")
    with_wiki = documented("docker run", "--predictor_host", f"WIKI_URL={WIKI}")
    by_items = documented("curl ", "Apollo 11", "features_str")
    by_title = documented("curl ", '"page_title": "Apollo 11"}')
    pairs = [(alone, by_items), (with_wiki.replace(WIKI, wiki.url), by_title)]
    with pasted(first, tmp_path, environment, tmp_path / "log", predictor):
        for number, (second, ask) in enumerate(pairs):
            log = tmp_path / f"log{number}"
            with pasted(second, tmp_path, environment, log, transformer) as url:
                answer = asked(ask, url, environment)
            assert answer["prediction"]["article"] == "https://en.wikipedia.org/wiki/Apollo%2011"


def received(eventgate: DemoServer) -> list[dict[str, dict[str, str]]]:
    """The events that it accepted."""
    events: list[dict[str, dict[str, str]]] = call(f"{eventgate.url}/_control/events").json[
        "events"
    ]
    return events
