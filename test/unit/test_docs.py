"""The documentation names what exists, and what exists is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    *ROOT.glob("revscoring/**/README.md"),
    ROOT / "demo/README.md",
    ROOT / "requirements/README.md",
]


def text_of(document: Path) -> str:
    return document.read_text()


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+)(?: [a-z]+)*:", (ROOT / "Makefile").read_text(), re.M))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_paths_in_a_document_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(document))
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_commands_in_a_document_exist(document: Path) -> None:
    named = set(re.findall(r"`make ([a-z]+)", text_of(document)))
    named |= set(re.findall(r"^\s*make ([a-z]+)", text_of(document), re.M))
    assert named <= targets()


def test_every_environment_variable_named_in_the_docs_is_a_setting() -> None:
    from liftwing_serving.settings import Settings

    settings = {name.upper() for name in Settings.model_fields}
    table = re.findall(r"^\| ([A-Z_]+) \|", text_of(ROOT / "docs/configuration.md"), re.M)
    assert set(table) == settings


# Of tools, not of the servers.
OTHER_VARIABLES = {
    "BLUBBER_VECTORS",
    "DOCKER_BUILDKIT",
    "DOCKER_BUILD_NETWORK",
    "DOCKER_HOST",
    "NLTK_DATA",
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_promises_a_setting_that_does_not_exist(document: Path) -> None:
    from liftwing_serving.settings import Settings

    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text_of(document)))
    assert named <= {name.upper() for name in Settings.model_fields} | OTHER_VARIABLES


def test_every_route_of_the_server_is_in_the_api_document() -> None:
    from fastapi import FastAPI
    from kserve.model_repository import ModelRepository
    from liftwing_serving.rest import NOT_OFFERED, LiftwingDataPlane, LiftwingRestServer

    app = FastAPI()
    LiftwingRestServer(LiftwingDataPlane(ModelRepository()), 8080, 1)._register_endpoints(app)
    routes = {route for route in app.openapi()["paths"] if not NOT_OFFERED.search(route)}
    documented = text_of(ROOT / "docs/api.md")
    missing = [
        route for route in routes if route.replace("{model_name}", "{name}") not in documented
    ]
    assert missing == []


def test_every_flag_of_the_server_is_in_the_configuration_document() -> None:
    from kserve import model_server

    flags = {flag for action in model_server.parser._actions for flag in action.option_strings}
    documented = text_of(ROOT / "docs/configuration.md")
    assert [flag for flag in sorted(flags) if f"`{flag}`" not in documented] == []


def test_every_error_of_the_tree_that_clients_meet_is_in_the_api_document() -> None:
    from liftwing_serving import errors

    documented = text_of(ROOT / "docs/api.md")
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.ServingError):
            assert str(kind.status) in documented


def test_the_version_is_the_same_everywhere() -> None:
    from liftwing_serving import __version__

    assert f'version = "{__version__}"' in text_of(ROOT / "python/pyproject.toml")
    assert f"## {__version__}" in text_of(ROOT / "CHANGELOG.md")


def test_every_metric_is_in_the_metrics_document_and_the_reverse() -> None:
    from liftwing_serving import metrics
    from prometheus_client.metrics import MetricWrapperBase

    real = {value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)}
    names = {family.name for metric in real for family in metric.describe()}
    documented = re.findall(r"^\| `(liftwing_[a-z_]+)", text_of(ROOT / "docs/metrics.md"), re.M)
    assert {name.removesuffix("_total") for name in documented} == names
