"""The demo trains models of every family on few revisions, and servers answer with them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from liftwing_demo.training import SUITES, suite_called
from support.environment import environment
from support.ports import free_port
from support.processes import ROOT, ModelServer, Wiki, free_demo_ports, wait_until

COMMAND = str(Path(sys.executable).parent / "liftwing-serving")
REVISIONS = "40"
CORPORA = {"NLTK_DATA": f"{ROOT / 'build/nltk_data'}:{os.environ.get('NLTK_DATA', '')}"}
SERVER = ROOT / "revscoring/model-server/model.py"
ENGLISH = [suite for suite in SUITES if suite.site.database == "enwiki"]
NAMES = [suite.service(recipe.kind) for suite in ENGLISH for recipe in suite.recipes]

pytestmark = pytest.mark.timeout(600)


def demo(*arguments: str) -> list[str]:
    return [COMMAND, "demo", *arguments, "--revisions", REVISIONS]


def started(command: list[str]) -> subprocess.Popen[str]:
    """A process of the demo; all that it prints can be read from it."""
    return subprocess.Popen(
        command,
        env=environment(CORPORA),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def printed_until_interrupted(command: list[str]) -> str:
    """What a demo prints that gets Ctrl-C once it is up; it must end quietly."""
    with started(command) as running:
        assert running.stdout is not None
        printed = "".join(iter(running.stdout.readline, "Ctrl-C stops wiki and server.\n"))
        # A person, too, has read the line before pressing it.
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        printed += running.stdout.read()
    assert running.returncode == 0 and printed.endswith("stopped\n"), printed
    assert "Traceback" not in printed
    return printed


def build_all(folder: Path) -> str:
    command = demo("build", "--all", "--dir", str(folder))
    done = subprocess.run(command, env=environment(CORPORA), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo's folder with every model, and what the building printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, build_all(folder)


@pytest.fixture(scope="module")
def server(
    built: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModelServer]:
    """The server of all families with every model of English Wikipedia."""
    folder, _ = built
    wiki = Wiki(folder / "wiki.sqlite", folder / "items.sqlite")
    settings = {
        "INFERENCE_NAME": ",".join(NAMES),
        "MODEL_PATH": str(folder / "models"),
        "WORD2VEC_PATH": str(folder / "models/word2vec"),
        "WIKI_URL": wiki.url,
    }
    log = tmp_path_factory.mktemp("log") / "server.log"
    started = ModelServer(log, CORPORA | settings, program=SERVER)
    yield started
    started.close()
    wiki.close()


def test_everything_is_built_and_shown_with_its_figures(built: tuple[Path, str]) -> None:
    folder, printed = built
    for suite in SUITES:
        for recipe in suite.recipes:
            assert (folder / "models" / suite.service(recipe.kind) / recipe.file).is_file()
            assert suite.service(recipe.kind) in printed
    assert (folder / "models/outlink-topic-model/model.bin").is_file()
    assert "outlink-topic-model" in printed


def test_a_second_build_finds_everything_up_to_date(built: tuple[Path, str]) -> None:
    folder, _ = built
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    printed = build_all(folder)
    assert "up to date" in printed and "features" not in printed
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_build_ends_on_sigterm_without_a_traceback(tmp_path: Path) -> None:
    """As the first process of a container, too, which has to ask for the signal."""
    with started(demo("build", "--dir", str(tmp_path))) as building:
        wait_until((tmp_path / "models").is_dir, 60, "training")
        building.terminate()
        printed, _ = building.communicate(timeout=10)
    assert building.returncode == 130 and printed.endswith("stopped\n"), printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("suite", ENGLISH, ids=str)
def test_the_server_of_all_families_scores_with(suite: object, server: ModelServer) -> None:
    chosen = suite_called(str(suite))
    for recipe in chosen.recipes:
        answer = server.predict(chosen.service(recipe.kind), {"rev_id": chosen.rev_id})
        assert answer.status == 200, answer.body
        score = answer.json["enwiki"]["scores"][str(chosen.rev_id)][recipe.kind]["score"]
        named = {label for label in score["probability"]}
        assert named <= {
            str(label).lower() if label in (True, False) else label for label in recipe.labels
        }
        kind = list if recipe.multilabel else bool if True in recipe.labels else str
        assert isinstance(score["prediction"], kind)


def test_run_trains_only_what_it_starts_and_shows_an_item_s_score(tmp_path: Path) -> None:
    items = suite_called("items")
    port, wiki_port = str(free_port()), str(free_port())
    options = ["--family", "items", "--port", port, "--grpc-port", str(free_port())]
    command = demo("run", *options, "--wiki-port", wiki_port, "--dir", str(tmp_path))
    printed = printed_until_interrupted(command)
    assert f"127.0.0.1:{port}/v1/models/wikidatawiki-itemquality:predict" in printed
    assert f"See edits being scored: http://127.0.0.1:{int(port) + 6}/" in printed
    assert not list(tmp_path.glob("edited-*"))
    (answer,) = [json.loads(line) for line in printed.splitlines() if '{"wikidatawiki"' in line]
    score = answer["wikidatawiki"]["scores"][str(items.rev_id)]["itemquality"]["score"]
    assert score["prediction"] in items.recipe("itemquality").labels
    folders = {path.name for path in (tmp_path / "models").iterdir() if path.is_dir()}
    assert folders == {"wikidatawiki-itemquality", "wikidatawiki-itemtopic", "word2vec"}


def test_run_starts_the_outlink_pair_too_and_shows_topics(built: tuple[Path, str]) -> None:
    """Over the models of the others, which it finds there."""
    folder, _ = built
    http, grpc, wiki, outlinks = map(str, free_demo_ports())
    options = ["--port", http, "--grpc-port", grpc, "--wiki-port", wiki]
    command = demo("run", *options, "--outlinks-port", outlinks, "--dir", str(folder))
    printed = printed_until_interrupted(command)
    assert f"127.0.0.1:{outlinks}/v1/models/outlink-topic-model:predict" in printed
    (answer,) = [
        json.loads(line)
        for line in printed.splitlines()
        if line.strip().startswith('{"prediction"')
    ]
    assert answer["prediction"]["article"] == "https://en.wikipedia.org/wiki/Apollo%2011"
    assert answer["prediction"]["results"]


def test_a_family_that_is_not_there_is_told() -> None:
    command = [COMMAND, "demo", "build", "--family", "outlink"]
    told = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert told.returncode == 2
    assert "outlink" in told.stderr and "draftquality" in told.stderr
