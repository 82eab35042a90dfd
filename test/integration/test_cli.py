"""The command line against a running server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.environment import environment
from support.processes import ModelServer, Wiki

COMMAND = str(Path(sys.executable).parent / "liftwing-serving")


def run(*arguments: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, *arguments]
    result = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
    assert result.returncode == expected, result.stderr + result.stdout
    return result


def test_score_prints_a_table(
    all_models_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    first, second = (str(rev_id) for rev_id in nasty["ordinary"][:2])
    shown = run("score", "enwiki-damaging", first, second, "--url", all_models_server.url).stdout
    assert first in shown and second in shown
    assert "true 0." in shown and "false 0." in shown


def test_score_prints_whole_answers_as_json(
    all_models_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_id = nasty["ordinary"][0]
    url = all_models_server.url
    shown = run("score", "enwiki-damaging", str(rev_id), "--url", url, "--json", "--extended")
    entry = json.loads(shown.stdout)["enwiki"]["scores"][str(rev_id)]["damaging"]
    assert set(entry) == {"score", "features"}


def test_a_revision_without_a_score_shows_why_and_fails(
    all_models_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    good = str(nasty["ordinary"][0])
    shown = run(
        "score", "enwiki-damaging", good, "12", "--url", all_models_server.url, expected=1
    ).stdout
    assert "error" in shown and "MW API" in shown and "true 0." in shown


def test_a_server_that_is_not_there_is_told(wiki: Wiki) -> None:
    shown = run("score", "enwiki-damaging", "12", "--url", "http://127.0.0.1:1", expected=1).stdout
    assert "127.0.0.1:1" in shown


def test_services_are_listed() -> None:
    records = json.loads(run("services", "--json").stdout)
    names = [record["name"] for record in records]
    assert len(names) == 121
    assert "enwiki-damaging" in names and "enwiktionary-reverted" in names
    of_english = json.loads(run("services", "--wiki", "enwiki", "--json").stdout)
    assert [record["name"] for record in of_english] == [
        "enwiki-articlequality",
        "enwiki-draftquality",
        "enwiki-damaging",
        "enwiki-goodfaith",
        "enwiki-articletopic",
        "enwiki-drafttopic",
    ]
    assert "35" in run("services", "--model", "damaging").stdout


def test_a_lone_service_is_shown_with_all_that_is_set() -> None:
    lone = run("services", "--wiki", "viwiki", "--model", "reverted").stdout
    shown = dict(re.findall(r"^│ (\w+) +│ (.*?) +│$", lone, re.M))
    (record,) = json.loads(
        run("services", "--wiki", "viwiki", "--model", "reverted", "--json").stdout
    )
    assert shown == {field: str(value) for field, value in record.items()}
    assert (shown["workers"], shown["host"]) == ("3", "vi.wikipedia.org")
    both = run("services", "--wiki", "viwiki", "--model", "drafttopic", "--long").stdout
    assert "revscoring-drafttopic" in both
    assert run("services", "--wiki", "bswiki", "--long").stdout.count("bs.wikipedia.org") == 2


@pytest.mark.parametrize(
    "command",
    [[], ["serve"], ["score"], ["services"], ["corpora"], ["demo"], ["demo", "run"]],
    ids=" ".join,
)
def test_help_reads_well(command: list[str]) -> None:
    shown = run(*command, "--help").stdout
    assert "Usage: liftwing-serving" in shown
    assert len(shown.splitlines()) > 8


def test_serve_names_what_is_wrong() -> None:
    wrong = run("serve", "enwiki", "--wiki-url", "http://127.0.0.1:1", expected=2)
    assert "not of the form WIKI-MODEL" in wrong.stderr
