"""docker-compose.yml at work: what docs/compose.md says to ask is answered, and Ctrl-C ends it."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.compose import Project, services
from support.containers import docker
from support.events import assert_valid
from support.processes import ROOT, wait_until

DOCUMENT = (ROOT / "docs/compose.md").read_text()
# Training on two cores, and what the tests before it left running.
START_SECONDS = 400
STOP_SECONDS = 20

pytestmark = pytest.mark.timeout(900)


def documented(*having: str) -> str:
    """The one line of curl that has these words."""
    lines = [line for line in DOCUMENT.splitlines() if line.startswith("curl ")]
    (line,) = [line for line in lines if all(word in line for word in having)]
    return line


@pytest.fixture(scope="module")
def project(
    built: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """Everything up, with models just trained."""
    for service in services().values():
        built(service["image"])
    started = Project(tmp_path_factory.mktemp("compose") / "log")
    try:
        started.wait_until_healthy(START_SECONDS)
        yield started
    finally:
        started.down()


def test_a_revision_is_scored(project: Project) -> None:
    answer = project.paste(documented("rev_id", "enwiki-goodfaith"))
    score = answer["enwiki"]["scores"]["1000010"]["goodfaith"]["score"]
    assert score["prediction"] in (True, False)


def test_topics_are_told_by_title_and_by_items(project: Project) -> None:
    by_title = project.paste(documented("Apollo 11"))["prediction"]
    assert by_title["article"] == "https://en.wikipedia.org/wiki/Apollo%2011"
    by_items = project.paste(documented("features_str"))["prediction"]
    for prediction in (by_title, by_items):
        assert prediction["results"][0]["topic"] == "STEM.STEM*"


def test_an_event_ends_at_the_eventgate_as_a_score(project: Project) -> None:
    answer = project.paste(documented("revision/create"))
    predicted = answer["enwiki"]["scores"]["1000013"]["damaging"]["score"]["prediction"]

    def received() -> Any:
        return project.paste(documented("_control/events"))["events"]

    wait_until(received, 10, "an event")
    (event,) = received()
    assert (event["rev_id"], event["page_title"]) == (1000013, "Anarchism")
    assert event["scores"]["damaging"]["prediction"] == [str(predicted).lower()]
    assert event["meta"]["stream"] == "mediawiki.revision_score_editquality"
    assert_valid(event, "revision-score-3.0.0")
    wait_until(lambda: "Anarchism" in project.log(), 5, "the event in the log")


def test_the_front_answers_as_ores_did(project: Project) -> None:
    scores = project.paste(documented("/v3/scores/"))["enwiki"]["scores"]
    assert scores.keys() == {"1000010", "1000013"}
    for by_model in scores.values():
        assert by_model.keys() == {"damaging", "goodfaith"}
        assert all("prediction" in it["score"] for it in by_model.values())


def test_the_page_shows_edits_as_they_come(project: Project) -> None:
    """After the test of the EventGate: before anybody looks no edit is told of."""
    page = project.url(8070)
    with urllib.request.urlopen(f"{page}/changes", timeout=60) as changes:
        scored = next(line for line in changes if re.search(rb"data-damage=.?.?\d", line))
    (diff,) = set(re.findall(r"diff/enwiki/\d+", scored.decode()))
    with urllib.request.urlopen(f"{page}/{diff}", timeout=10) as answer:
        assert re.search(rb'<tr class="(added|removed)">', answer.read())


def test_ctrl_c_ends_all_at_once_and_down_leaves_nothing(project: Project) -> None:
    """The last test: the others need what it stops."""
    project.interrupt(STOP_SECONDS)
    # 137 would be a container that Docker had to kill.
    statuses = dict(project.containers())
    assert statuses.keys() == services().keys()
    assert all("Exited (0)" in status for status in statuses.values()), statuses
    assert project.down() < STOP_SECONDS
    mine = f"label=com.docker.compose.project={project.name}"
    assert project.containers() == []
    for kind in ("network", "volume"):
        assert docker(kind, "ls", "--quiet", "--filter", mine) == ""
