"""docs/mediawiki.md, followed: its commands are run, its settings used by the extension's replay.

Only folders and ports are other ones.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import time
import urllib.error
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support.environment import environment
from support.ores_extension import LiftWingMode, OresMode
from support.ports import free_port
from support.processes import ROOT, START_SECONDS, Wiki, call, stop

DOCUMENT = (ROOT / "docs/mediawiki.md").read_text()
SHELL = re.findall(r"^```sh\n(.*)\n```$", DOCUMENT, re.M)
LIFT_WING, ORES = re.findall(r"^```php\n(.*?)```$", DOCUMENT, re.M | re.S)
PORTS = {port: str(free_port()) for port in sorted(set(re.findall(r"\b80[78]\d\b", DOCUMENT)))}
# Its own models are these, under the versions that it names.
MODELS = ("enwiki-damaging", "enwiki-goodfaith", "enwiki-articlequality")


def here(text: str, models: Path) -> str:
    """A text of the document with this test's ports and folder."""
    text = re.sub("|".join(PORTS), lambda found: PORTS[found[0]], text)
    return text.replace("/srv/models", str(models))


def started(line: str, wiki: Wiki, models: Path) -> subprocess.Popen[bytes]:
    """What a line of the document starts."""
    words = shlex.split(here(line.replace("http://localhost:8090", wiki.url), models))
    pairs = [word.partition("=") for word in words if re.match(r"[A-Z_]+=", word)]
    settings = {name: value for name, _, value in pairs} | {"DRAIN_DELAY_SECONDS": "0"}
    if "articlequality/model-server" in line:
        settings["MODEL_VERSION"] = "0.9.2"
    with (models / f"{len(list(models.iterdir()))}.log").open("wb") as log:
        command = words[len(pairs) :]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment(settings), stdout=log, stderr=log
        )


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, tested_model: Path) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name in MODELS:
        (folder / name).mkdir()
        (folder / name / "model.bin").symlink_to(tested_model)
    return folder


@pytest.fixture(scope="module")
def servers(models: Path, running_wiki: Wiki) -> Iterator[None]:
    """The servers of the document."""
    lines = [line for line in SHELL if "--http_port" in line]
    assert len(lines) == 3
    processes = [started(line, running_wiki, models) for line in lines]
    give_up = time.monotonic() + START_SECONDS
    for line in lines:
        port = PORTS[line.split("--http_port ")[1][:4]]
        while not ready(f"http://127.0.0.1:{port}/v2/health/ready"):
            assert time.monotonic() < give_up, line
            time.sleep(0.1)
    yield
    assert [stop(process) for process in processes] == [0, 0, 0]


def ready(url: str) -> bool:
    try:
        return call(url).status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


def setting(text: str, name: str) -> str:
    """A setting that is a string."""
    return re.search(rf"^\${name} = '(.*)';$", text, re.M)[1]  # type: ignore[index]


def enabled(text: str) -> list[str]:
    return re.findall(r"'(\w+)' => \[ 'enabled' => true", text)


def curl(line: str, models: Path) -> Any:
    """What a documented curl line prints, as JSON."""
    words = shlex.split(here(line, models))
    assert words[0] == "curl"
    url = next(word for word in words if word.startswith("http"))
    given = [word for before, word in zip(words, words[1:]) if before in ("-d", "--data-urlencode")]
    pairs = (word.partition("=") for word in given)
    query = "&".join(f"{name}={quote(value)}" for name, _, value in pairs)
    answer = call(f"{url}?{query}" if query else url)
    assert answer.status == 200, answer.body
    return answer.json


def test_the_settings_name_what_the_servers_have(servers: None, models: Path) -> None:
    (listing,) = [line for line in SHELL if line.endswith("?format=json'")]
    told = curl(listing, models)["enwiki"]["models"]
    versions = re.findall(r"'(\w+)' => \[ 'version' => '(.*)' \]", LIFT_WING)
    assert {name: model["version"] for name, model in told.items()} == dict(versions)
    assert set(enabled(LIFT_WING)) == set(enabled(ORES)) == set(dict(versions))


def test_the_settings_have_the_extension_store_scores_in_either_mode(
    servers: None, models: Path, wiki: Wiki, nasty: Mapping[str, list[int]]
) -> None:
    rev_ids = nasty["ordinary"][:3]
    lift_wing = LiftWingMode(
        here(setting(LIFT_WING, "wgOresLiftWingBaseUrl"), models),
        setting(LIFT_WING, "wgOresWikiId"),
    )
    rows = lift_wing.job(enabled(LIFT_WING), rev_ids)
    for by_model in rows.values():
        for row in by_model.values():
            del row["version"]
    ores = OresMode(here(setting(ORES, "wgOresBaseUrl"), models), setting(ORES, "wgOresWikiId"))
    assert ores.job(enabled(ORES), rev_ids) == rows
    assert {rev_id: set(by_model) for rev_id, by_model in rows.items()} == dict.fromkeys(
        rev_ids, set(enabled(ORES))
    )


def test_the_thresholds_are_those_that_the_documented_question_finds(
    servers: None, models: Path
) -> None:
    (question,) = [line for line in SHELL if "model_info" in line]
    told = curl(question, models)["enwiki"]["models"]
    levels = ("likelygood", "maybebad", "likelybad")
    for model, bounds in {"damaging": BOUNDS, "goodfaith": [*map(OTHER.get, BOUNDS)]}.items():
        found = told[model]["statistics"]["thresholds"]
        expected = {}
        for number, (level, bound) in enumerate(zip(levels, bounds)):
            element = found["true" if bound == "min" else "false"][number]
            if element is not None and bound == "min":
                expected[level] = (element["threshold"], 1.0)
            elif element is not None:
                expected[level] = (0.0, round(1 - element["threshold"], 3))
        assert ranges(model) == expected
        assert expected


# Which end of a level's range a threshold is, for damaging.
BOUNDS = ("max", "min", "min")
OTHER = {"max": "min", "min": "max"}


def ranges(model: str) -> dict[str, tuple[float, float]]:
    """The levels of a model that the settings have, with their ranges."""
    part = LIFT_WING.partition("FiltersThresholds")[2].partition(f"'{model}' => [\n")[2]
    range_ = r"'(\w+)' => \[ 'min' => ([\d.]+), 'max' => ([\d.]+) \]"
    found = re.findall(range_, part.partition("\t],")[0])
    return {level: (float(low), float(high)) for level, low, high in found}
