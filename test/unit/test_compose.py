"""docker-compose.yml against the images, settings and models that it names, and what it may do."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from liftwing_demo.outlinks import NAME as TOPIC_MODEL
from liftwing_demo.training import SUITES
from liftwing_demo.wiki.build import DEFAULT_REVISIONS
from liftwing_serving.cli.images import settings_by_image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools/images"))

from inventory import DEMO, DEMO_SPEC, images, specs  # noqa: E402

TEXT = (ROOT / "docker-compose.yml").read_text()
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
SERVERS = {name: it for name, it in SERVICES.items() if it["image"] != DEMO}
ASKED_BY_NOBODY = "editor"
ENDING = {name for name, it in SERVICES.items() if it["restart"] == "no"}
MODELS = "/mnt/demo/models"
TRAINED = {suite.service(recipe.kind) for suite in SUITES for recipe in suite.recipes}

each_service = pytest.mark.parametrize("name", SERVICES)
each_server = pytest.mark.parametrize("name", SERVERS)


def variants_of(spec: str) -> dict[str, Any]:
    variants: dict[str, Any] = yaml.safe_load((ROOT / spec).read_text())["variants"]
    return variants


def test_both_docker_compose_and_docker_compose_v2_take_its_form() -> None:
    """The former refuses a name, and the latter warns of a version."""
    assert {key for key in FILE if not key.startswith("x-")} == {"services", "volumes"}


@each_service
def test_an_image_is_one_that_is_built_here_and_is_never_pulled(name: str) -> None:
    assert SERVICES[name]["image"] in specs()
    assert SERVICES[name]["pull_policy"] == "never"


@each_service
def test_ports_are_on_the_loopback_and_can_be_set(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+", port), port


def test_no_two_ports_are_the_same() -> None:
    ports = [port for it in SERVICES.values() for port in it.get("ports", [])]
    assert len(ports) == len(set(ports)) == len(set(re.findall(r"_?PORT:-(\d+)\}", TEXT)))


def test_there_are_as_many_edits_as_the_demo_makes_up_by_itself() -> None:
    assert set(re.findall(r"\{REVISIONS:-(\d+)\}", TEXT)) == {str(DEFAULT_REVISIONS)}


@each_server
def test_a_server_is_given_what_its_image_reads_and_needs(name: str) -> None:
    given = SERVERS[name]["environment"]
    fields = settings_by_image()[SERVERS[name]["image"]].model_fields
    required = {field.upper() for field, it in fields.items() if it.is_required()}
    assert required <= given.keys() <= {field.upper() for field in fields}
    assert all(isinstance(value, str) for value in given.values())


@each_server
def test_a_server_serves_models_that_the_demo_trains(name: str) -> None:
    given = SERVERS[name]["environment"]
    if "INFERENCE_NAME" in given:
        assert given["MODEL_PATH"] == MODELS
        assert set(given["INFERENCE_NAME"].split(",")) <= TRAINED
    elif "MODEL_PATH" in given:
        assert given["MODEL_PATH"] == f"{MODELS}/{TOPIC_MODEL}/model.bin"


@each_service
def test_a_container_may_do_no_more_than_in_production(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    mounted = service.get("volumes", [])
    assert all(volume.endswith(":ro") == (name not in ENDING) for volume in mounted)


@each_service
def test_what_stays_up_has_a_health_check_and_starts_again(name: str) -> None:
    if name not in ENDING:
        assert SERVICES[name]["restart"] == "unless-stopped"
    if name not in ENDING | {ASKED_BY_NOBODY}:
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@each_service
def test_it_starts_after_what_it_asks_and_reads(name: str) -> None:
    needed = SERVICES[name].get("depends_on", {})
    given = f"{SERVICES[name].get('environment')} {SERVICES[name].get('command')}"
    asked = re.findall(r"(?:http://|')([a-z-]+):\d+", given)
    assert set(asked) <= needed.keys()
    for other, how in needed.items():
        ended = other in ENDING
        assert how["condition"] == f"service_{'completed_successfully' if ended else 'healthy'}"
    reads = "demo:/mnt/demo:ro" in SERVICES[name].get("volumes", [])
    assert reads == bool(ENDING & needed.keys()) or name in ENDING


def test_the_demo_image_is_in_no_pipeline() -> None:
    assert DEMO not in images()
    assert (ROOT / DEMO_SPEC).is_file() and not DEMO_SPEC.startswith(".pipeline")
    assert "demo" not in (ROOT / ".pipeline/config.yaml").read_text()


def test_the_demo_image_stands_on_layers_that_others_have_too() -> None:
    """Its dictionaries, corpora and packages are those of the image of all families."""
    demo, model = variants_of(DEMO_SPEC), variants_of(images()["revscoring"].spec)
    for variant in ("runtime", "corpora", "checkers"):
        assert demo[variant] == model[variant]
    first, *_ = demo["production"]["copies"]
    assert first == model["test"]["copies"][0]


def test_the_document_names_each_service_and_variable() -> None:
    document = (ROOT / "docs/compose.md").read_text()
    for name in (*SERVICES, *re.findall(r"\$\{([A-Z_]+):-", TEXT)):
        assert f"`{name}`" in document, name
