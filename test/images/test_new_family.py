"""The commands of docs/new-family.md, one after another, in a checkout of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.checkouts import copy_checkout, environment_of
from support.containers import preferred_port, status_of
from support.environment import build_environment
from support.processes import ROOT, wait_until

DOCUMENT = (ROOT / "docs/new-family.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.M | re.S)
SERVERS = ("MODEL_PATH=", "docker run ")
PORTS = (8080, 8081)
STOP_SECONDS = 40
# What scikit-learn itself says of the summary in the document.
DIRECTLY = """
import json, pickle, sys
model = pickle.load(open("build/edit-summary/model.bin", "rb"))
(row,) = model.predict_proba(sys.argv[1:]).tolist()
print(json.dumps([str(model.predict(sys.argv[1:])[0]), dict(zip(model.classes_, row))]))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which `make setup` seems to have been run."""
    checkout = copy_checkout(tmp_path_factory.mktemp("new") / "checkout")
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    (checkout / "build").mkdir()
    (checkout / "build/nltk_data").symlink_to(ROOT / "build/nltk_data")
    return checkout


@pytest.fixture(scope="module")
def environment(
    checkout: Path, docker: list[str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Surroundings in which `docker` is the one under test."""
    commands = tmp_path_factory.mktemp("commands")
    client = shutil.which(docker[0])
    assert client
    (commands / "docker").symlink_to(client)
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    return build_environment(environment_of(checkout) | {"PATH": path})


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    http, grpc = map(preferred_port, PORTS)
    return http, grpc


def elsewhere(command: str, ports: tuple[int, int]) -> str:
    """The command for other ports, if those of the document are taken."""
    if ports == PORTS:
        return command
    http, grpc = ports
    if command.startswith("MODEL_PATH="):
        return f"{command.strip()} --http_port {http} --grpc_port {grpc}"
    command = command.replace("-p 8080:", f"-p {http}:").replace(
        "localhost:8080", f"localhost:{http}"
    )
    return command.replace("127.0.0.1:8080", f"127.0.0.1:{http}").replace(":8081", f":{grpc}")


@contextmanager
def in_a_terminal(
    command: str, checkout: Path, environment: dict[str, str], port: int, log: Path
) -> Iterator[None]:
    """Run the command of a server until it is ready; in the end press Ctrl-C."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ["bash", "-c", command.strip()],
            cwd=checkout,
            env=environment,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    ready = f"http://localhost:{port}/v2/health/ready"
    try:
        wait_until(lambda: process.poll() is not None or status_of(ready) == 200, 60, "ready")
        assert process.poll() is None, log.read_text()
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(STOP_SECONDS)
    assert process.returncode == 0, log.read_text()


def done(command: str, checkout: Path, environment: dict[str, str]) -> str:
    """What a command prints; all of its lines have to succeed."""
    run = subprocess.run(
        ["bash", "-euc", command], cwd=checkout, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
    return run.stdout


@pytest.mark.timeout(900)
def test_the_commands_lead_to_a_score_of_the_new_image(
    checkout: Path, environment: dict[str, str], ports: tuple[int, int], tmp_path: Path
) -> None:
    answers = []
    with ExitStack() as running:
        for number, command in enumerate(elsewhere(command, ports) for command in COMMANDS):
            if command.startswith(SERVERS):
                running.close()
                log = tmp_path / f"{number}.log"
                running.enter_context(in_a_terminal(command, checkout, environment, ports[0], log))
                continue
            printed = done(command, checkout, environment)
            if command.startswith("curl "):
                answers.append(json.loads(printed))
            elif "train.py build" in command:
                assert f"`{printed.strip()}`" in DOCUMENT
    from_checkout, from_image = answers
    assert from_checkout == from_image
    (summary,) = set(re.findall(r'"comment": "/\* History \*/ ([^"]+)"}\'', DOCUMENT))
    directly = subprocess.run(
        [ROOT / ".venv/bin/python", "-c", DIRECTLY, summary],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [from_image["prediction"], from_image["probability"]] == json.loads(directly.stdout)
    shown = json.loads(re.findall(r"^```json\n(.*?)^```$", DOCUMENT, re.M | re.S)[0])
    rounded = {kind: round(number, 2) for kind, number in from_image["probability"].items()}
    assert shown == {**from_image, "probability": rounded}


def test_no_lock_of_another_has_changed(checkout: Path) -> None:
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.lock"))
    locks = [path for path in found if path.parts[0] not in (".venv", "build")]
    assert len(locks) > 5
    assert [it for it in locks if (checkout / it).read_text() != (ROOT / it).read_text()] == []
