"""The image of edit quality at work, under what production forbids its containers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.containers import HARDENED, STOP_SECONDS, DemoServer, ModelContainer, docker
from support.processes import ROOT, ModelServer, wait_until

MODEL = "enwiki-goodfaith"
# What each process is, with its parent and threads, as the container's own /proc has them.
PROCESSES = """
import json, os, pathlib
found = []
for folder in pathlib.Path("/proc").glob("[0-9]*"):
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    command = (folder / "cmdline").read_text().split("\\0")
    found.append([int(folder.name), int(status["PPid"]), int(status["Threads"]), command])
print(json.dumps([each for each in found if each[0] != os.getpid()]))
"""
# Version 2 of cgroups, or version 1 on older machines.
USED_MEMORY = "cd /sys/fs/cgroup; cat memory.current || cat memory/memory.usage_in_bytes"

Start = Callable[..., ModelContainer]


@pytest.fixture
def start(models: Path, wiki: DemoServer) -> Iterator[Start]:
    """Starts hardened containers of a test's own; keyword arguments are environment variables."""
    containers: list[ModelContainer] = []

    def start_container(*options: str, **environment: object) -> ModelContainer:
        given = [w for name, value in environment.items() for w in ("--env", f"{name}={value}")]
        words = [*HARDENED, *options, *given]
        containers.append(ModelContainer(models, wiki.url, *words, model=MODEL))
        return containers[-1]

    yield start_container
    for container in containers:
        container.close()


@pytest.fixture(scope="module")
def hardened(models: Path, running_wiki: DemoServer) -> Iterator[ModelContainer]:
    """One hardened container, for tests that leave it as they found it."""
    container = ModelContainer(models, running_wiki.url, *HARDENED, model=MODEL)
    container.wait_until_ready()
    yield container
    container.close()


@pytest.fixture(scope="module")
def outside(
    models: Path, running_wiki: DemoServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModelServer]:
    """The same model served from the checkout."""
    environment = {
        "INFERENCE_NAME": MODEL,
        "MODEL_PATH": str(models / "model.bin"),
        "WIKI_URL": running_wiki.url,
    }
    server = ModelServer(tmp_path_factory.mktemp("outside") / "server.log", environment)
    yield server
    server.close()


def test_a_revision_scores_as_it_does_outside(
    hardened: ModelContainer,
    outside: ModelServer,
    wiki: DemoServer,
    nasty: dict[str, list[int]],
) -> None:
    for rev_id in [ids[0] for ids in nasty.values()]:
        request = {"rev_id": rev_id, "extended_output": True}
        here, there = hardened.predict(request), outside.predict(MODEL, request)
        assert (here.status, here.json) == (there.status, there.json)
    ordinary = hardened.predict({"rev_id": nasty["ordinary"][0], "extended_output": True})
    assert ordinary.status == 200
    assert ordinary.json["enwiki"]["scores"]


def test_one_core_means_one_worker_and_one_beside_heavy_tasks(hardened: ModelContainer) -> None:
    processes = json.loads(hardened.run("python3", "-c", PROCESSES))
    server, template, *workers = sorted(processes)
    assert server[0] == 1
    assert template[1:3] == [1, 1]
    assert 1 <= len(workers) <= 2
    assert all(worker[1:3] == [template[0], 1] for worker in workers)


def test_the_memory_limit_leaves_room(
    hardened: ModelContainer, nasty: dict[str, list[int]]
) -> None:
    for rev_id in nasty["large_parent"][:3]:
        hardened.predict({"rev_id": rev_id})
    assert hardened.state["OOMKilled"] is False
    used = int(hardened.run("sh", "-c", USED_MEMORY))
    # The kernel counts files that it caches, too, so this is above what the processes need.
    assert used < 0.8 * 2**30


def test_a_container_becomes_healthy_and_is_not_before_it_is_ready(start: Start) -> None:
    (command,) = re.findall(r'--health-cmd "(.*)"`', (ROOT / "docs/images.md").read_text())
    check = ("--health-cmd", command.replace('\\"', '"'), "--health-interval", "1s")
    container = start(*check, "--health-start-period", "30s")
    assert container.state["Health"]["Status"] == "starting"
    wait_until(lambda: container.state["Health"]["Status"] == "healthy", 40, container.log())
    assert container.status_of("/v2/health/ready") == 200


def test_a_stopped_container_drops_nothing_and_answers_until_it_is_gone(
    start: Start, wiki: DemoServer, nasty: dict[str, list[int]]
) -> None:
    container = start(DRAIN_DELAY_SECONDS=3)
    container.wait_until_ready()
    wiki.turn(latency=1.0)
    with ThreadPoolExecutor(4) as threads:
        in_flight = [
            threads.submit(container.predict, {"rev_id": r}) for r in nasty["ordinary"][:2]
        ]
        time.sleep(0.3)
        started = time.monotonic()
        stopping = threads.submit(container.stop)
        wait_until(lambda: container.status_of("/v2/health/ready") == 503, 2, "not ready")
        # Long enough for a listener to be closed that is not kept open on purpose.
        time.sleep(1.5)
        assert container.status_of("/v2/health/live") == 200
        late = container.predict({"rev_id": nasty["ordinary"][2]})
        assert [answer.result().status for answer in in_flight] == [200, 200]
        assert late.status == 200
        stopping.result()
    assert time.monotonic() - started < STOP_SECONDS
    assert container.state["ExitCode"] == 0


def test_a_container_with_a_writable_root_writes_in_its_home_only(
    models: Path, wiki: DemoServer, nasty: dict[str, list[int]]
) -> None:
    container = ModelContainer(models, wiki.url, model=MODEL)
    try:
        container.wait_until_ready()
        assert container.predict({"rev_id": nasty["ordinary"][0]}).status == 200
        changed = [line.split(" ", 1)[1] for line in docker("diff", container.id).splitlines()]
    finally:
        container.close()
    mount_points = ("/mnt", "/mnt/models")
    elsewhere = [path for path in changed if not f"{path}/".startswith(("/home/", "/tmp/"))]
    assert [path for path in elsewhere if path not in mount_points] == []


def test_stand_in_corpora_are_warned_of_at_the_start(start: Start, tmp_path: Path) -> None:
    marker = tmp_path / "corpora.json"
    marker.write_text('{"stopwords": {"source": "stand-in"}}')
    container = start("--volume", f"{marker}:/usr/share/nltk_data/corpora.json:ro")
    container.wait_until_ready()
    warnings = [
        line
        for line in container.log().splitlines()
        if '"level":"WARNING"' in line and "a stand-in for stopwords" in line
    ]
    assert len(warnings) == 1
