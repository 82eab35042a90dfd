"""The documentation names what exists, and what exists is documented."""

from __future__ import annotations

import contextvars
import dataclasses
import inspect
import json
import logging
import re
from pathlib import Path
from typing import Any, cast, get_args

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    *ROOT.glob("*/model-server/README.md"),
    *ROOT.glob("revscoring/*/model-server/README.md"),
    ROOT / "deploy/README.md",
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


def table(document: str, heading: str) -> dict[str, list[str]]:
    """The rows under a heading of docs/: each one's other cells by its first."""
    _, found, rest = text_of(ROOT / "docs" / document).partition(f"{heading}\n")
    assert found, f"{document} has no heading {heading}"
    section = re.split(r"^#+ ", rest, maxsplit=1, flags=re.M)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]
    by_name = {first.strip("`"): others for first, *others in rows}
    assert len(by_name) == len(rows) > 0
    return by_name


def in_backticks(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def settings() -> set[str]:
    """The variables that any image reads."""
    from liftwing_serving.cli.images import settings_by_image

    classes = settings_by_image().values()
    return {name.upper() for kind in classes for name in kind.model_fields}


def test_the_settings_are_those_of_the_configuration_document() -> None:
    tables, flags, _ = text_of(ROOT / "docs/configuration.md").partition("## Flags")
    assert flags
    documented = re.findall(r"^\| ([A-Z0-9_]+) \|", tables, re.M)
    assert set(documented) == settings()


# Of tools and of the Makefile, not of the servers.
OTHER_VARIABLES = {
    *re.findall(r"^([A-Z_]+) \?=", (ROOT / "Makefile").read_text(), re.M),
    *re.findall(r"\$\{([A-Z_]+):-", (ROOT / "docker-compose.yml").read_text()),
    "ALLOW_STAND_IN",
    "BLUBBER_VECTORS",
    "DOCKER_BUILDKIT",
    "DOCKER_BUILD_NETWORK",
    "KSERVE_AGENT",
    "DOCKER_HOST",
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_promises_a_setting_that_does_not_exist(document: Path) -> None:
    named = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text_of(document)))
    assert named <= settings() | OTHER_VARIABLES


def test_the_routes_of_the_server_are_those_of_the_api_document() -> None:
    from fastapi import FastAPI
    from liftwing_serving.server.dataplane import LiftwingDataPlane, Models
    from liftwing_serving.server.http import HttpServer
    from liftwing_serving.server.middleware import NOT_OFFERED
    from liftwing_serving.revscoring import several
    from liftwing_serving.settings import ServerSettings

    app = FastAPI()
    HttpServer(LiftwingDataPlane(Models()), 8080, ServerSettings())._register_endpoints(app)
    offered = {
        (method.upper(), path.replace("{model_name}", "{name}"))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if not NOT_OFFERED.search(path)
    }
    asked = text_of(ROOT / "docs/api.md")
    documented = set(re.findall(r"`(GET|POST) (/[^ `]+)`", asked))
    endpoints = table("api.md", "## Other endpoints")
    documented |= {("GET", path) for row in endpoints for path in in_backticks(f"`{row}`")}
    # The page that --enable_docs_url adds is no part of what it describes, and a family's own route
    # comes with the family.
    assert documented == offered | {("GET", "/docs"), ("POST", several.ROUTE)}


def test_the_fields_of_a_request_are_those_of_the_api_document() -> None:
    from liftwing_serving.revscoring.model import RevscoringModel
    from liftwing_serving.revscoring.names import ServiceName
    from liftwing_serving.revscoring.several import SeveralModels

    service, scorer = ServiceName("enwiki", "damaging"), cast(Any, None)
    servables: dict[str, Any] = {
        "## Scores": RevscoringModel(service, scorer),
        "## Several models": SeveralModels([service], scorer, 1),
    }
    for heading, servable in servables.items():
        assert set(table("api.md", heading)) == set(servable.request_schema["properties"])


def test_the_flags_of_the_server_are_those_of_the_configuration_document() -> None:
    from liftwing_serving.server.flags import make_parser

    actions = [it for it in make_parser()._actions if it.dest != "help"]
    flags = {flag: it.default for it in actions for flag in it.option_strings}
    documented = table("configuration.md", "## Flags")
    assert set(documented) == set(flags)
    for flag, (meaning,) in documented.items():
        assert set(re.findall(r"\b\d+\b", meaning)) <= {str(flags[flag])}, flag
    for document in ("api.md", "configuration.md", "metrics.md"):
        named = re.findall(r"`(--[\w-]+)", text_of(ROOT / "docs" / document))
        assert set(named) <= set(flags), document


# Each error that is answered, and the words that tell of it in the row of its status.
MEANT = {
    "BadRequest": "the request is wrong",
    "RevisionMissing": "the revision is unknown or deleted",
    "ResourceMissing": "something the features read is hidden",
    "ContentUnreadable": "content model",
    "InjectionRefused": "a value to inject",
    "BodyTooSlow": "the body does not arrive",
    "HeadersTooLarge": "the request's headers are over 64 KiB",
    "PayloadTooLarge": "the body is over MAX_BODY_BYTES",
    "TooManyInstances": "more instances than MAX_INSTANCES",
    "UpstreamUnusable": "MediaWiki answered something unusable",
    "UpstreamUnavailable": "MediaWiki cannot be reached or is busy",
    "TooManyRequests": "the server has more work than it can do",
    "Overloaded": "there is more work than can be done in time",
    "WorkerLost": "workers died",
    "NoneAnswered": "all instances of a batch failed so",
    "DeadlineExceeded": "the request's time is over",
    "InternalError": "a defect",
    # KServe's and Starlette's own.
    "InvalidInput": "the request is wrong",
    "ModelNotFound": "no model of that name",
    "ModelNotReady": "the model is still loading",
    "ServerNotReady": "the model is still loading",
    "MethodNotAllowed": "another method than the path has",
}
ABSTRACT = {"ServingError", "Unavailable"}


def test_the_errors_of_the_api_document_are_those_that_clients_meet() -> None:
    from liftwing_serving import errors
    from liftwing_serving.server.failures import EXPECTED_OF_KSERVE

    statuses = {kind.__name__: status for kind, status in EXPECTED_OF_KSERVE.items()}
    statuses["MethodNotAllowed"] = 405
    statuses["HeadersTooLarge"] = 431
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.ServingError):
            statuses[name] = kind.status
    assert set(statuses) - ABSTRACT == set(MEANT)

    documented = table("api.md", "## Errors")
    assert set(documented) == {str(statuses[name]) for name in MEANT}
    for name, words in MEANT.items():
        rows = [status for status, (when, _) in documented.items() if words in when]
        assert rows == [str(statuses[name])], name
    # What ChangeProp repeats.
    again = {status for status, (_, try_again) in documented.items() if try_again == "yes"}
    assert again == {"502", "503"}


def texts_of_outlinks() -> list[str]:
    """What the transformer refuses requests with, the names in them as the document has them."""
    from liftwing_serving import errors
    from liftwing_serving.mediawiki import RevisionGone
    from liftwing_serving.outlink.requests import Article, outlink_request
    from liftwing_serving.outlink.transformer import revision_gone
    from liftwing_serving.wikipedias import Wikipedia

    event = {"$schema": "/mediawiki/revision/create/2.0.0", "database": "X", "page_title": "T"}
    wrong: list[dict[str, object]] = [
        {},
        {"lang": 3},
        {"wiki_id": "X"},
        {"lang": "en", "page_title": "T", "page_id": 1},
        {"lang": "en"},
        {"threshold": "x"},
        {"event": event},
        {"features_str": ""},
    ]
    texts = []
    for fields in wrong:
        with pytest.raises(errors.BadRequest) as caught:
            outlink_request(fields)
        texts.append(caught.value.message)
    gone = revision_gone(Article(Wikipedia("Lwiki", "L"), page_id=1), RevisionGone("code"))
    return [*texts, gone.message.replace("None", "N")]


def test_the_texts_of_the_api_document_are_those_that_clients_get() -> None:
    from liftwing_serving import errors
    from liftwing_serving.fields import json_object
    from liftwing_serving.revscoring.requests import score_request

    too_large = {
        "$schema": "/mediawiki/revision/create/2.0.0",
        "database": "Y",
        "rev_id": 1,
        "performer": {"user_groups": ["x" * 4] * 20_000},
    }
    bodies: list[dict[str, object]] = [
        {},
        {"rev_id": "1"},
        {"event": {"$schema": "X"}},
        {"event": {"$schema": "/mediawiki/revision/create/2.0.0", "database": "X", "rev_id": 1}},
        {"event": too_large},
    ]
    given = [
        errors.RevisionMissing(12),
        errors.ResourceMissing(12, "..."),
        errors.ContentUnreadable(12, "..."),
    ]
    texts = [str(error).replace("12", "N") for error in given]
    for body in [b"[]", *(json.dumps(body).encode() for body in bodies)]:
        with pytest.raises(errors.BadRequest) as caught:
            score_request(json_object(body), "Y", ("Y-damaging",))
        texts.append(caught.value.message)
    texts += texts_of_outlinks()

    listed = text_of(ROOT / "docs/api.md").partition("Texts that clients match:")[2]
    documented = re.findall(r"^- (`+)(.+)\1$", listed.partition("\n#")[0], re.M)
    patterns = [re.escape(text).replace(re.escape("..."), ".*") for _, text in documented]
    for text in texts:
        assert sum(bool(re.fullmatch(pattern, text)) for pattern in patterns) == 1, text
    assert len(patterns) == len(texts)


def test_the_version_is_the_same_everywhere() -> None:
    from liftwing_serving import __version__

    assert f'version = "{__version__}"' in text_of(ROOT / "python/pyproject.toml")
    assert f"## {__version__}" in text_of(ROOT / "CHANGELOG.md")


def test_the_metrics_are_those_of_the_metrics_document() -> None:
    from liftwing_serving import metrics
    from prometheus_client.metrics import Counter, MetricWrapperBase

    real = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            suffix = "_total" if isinstance(metric, Counter) else ""
            real[family.name + suffix] = set(metric._labelnames)
    documented = table("metrics.md", "# Metrics")
    assert {name: set(in_backticks(labels)) for name, (labels, _) in documented.items()} == real


def test_what_becomes_of_an_event_is_in_the_metrics_document() -> None:
    from liftwing_serving.events.sender import EventResult

    results = set(get_args(EventResult))
    meaning = table("metrics.md", "# Metrics")["liftwing_events_total"][1]
    assert set(in_backticks(meaning)) == results


def test_the_routes_of_the_front_are_those_of_the_metrics_document() -> None:
    from liftwing_serving.ores.page import Page
    from liftwing_serving.ores.routes import Routes

    nothing = cast(Any, None)
    labels = {route.label for route in Routes(nothing, nothing, lambda: True)._routes}
    labels |= set(re.findall(r'return "(\w+)", ', inspect.getsource(Page._find)))
    meaning = table("metrics.md", "# Metrics")["liftwing_front_requests_total"][1]
    told = re.split(", (?:or )?", meaning.partition("`route` is ")[2].partition(" for a path")[0])
    assert len(told) == len(set(told))
    assert set(told) == labels | {"options", "none"}


def test_the_paths_and_parameters_of_ores_api_are_those_of_its_document() -> None:
    from liftwing_serving.ores.spec import spec

    section = text_of(ROOT / "docs/ores.md").partition("## ORES' API\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.M)
    paths = {path for cell in cells for path in in_backticks(cell) if path.startswith("/v3/")}
    assert paths == {*spec()["paths"], "/v3/?spec"}
    parts = spec()["components"]["parameters"].values()
    parameters = {it["name"] for it in parts if it["in"] == "query"}
    # Of values of one's own the document tells beside those of a revision, of ?spec as a path.
    named = {name for cell in cells for name in in_backticks(cell) if name.isidentifier()}
    assert named == parameters - {"values", "spec"}


def test_the_fields_of_a_log_line_are_those_of_the_metrics_document() -> None:
    from liftwing_serving import logs

    def line_of_a_request() -> str:
        logs.request_id.set("r")
        logs.note(rev_id=1)
        return logs.JsonFormatter().format(logging.makeLogRecord({}))

    line = json.loads(contextvars.copy_context().run(line_of_a_request))
    paragraph = text_of(ROOT / "docs/metrics.md").partition("Logs are one JSON object")[2]
    assert in_backticks(paragraph.partition("\n\n")[0]) == list(line)


def test_the_readme_counts_the_wikis_and_services_of_each_family() -> None:
    from liftwing_serving.catalogue import services
    from liftwing_serving.revscoring import FAMILIES

    rows = re.findall(
        r"^\| \[(\w+)\]\(.*\| (.+) \| (\d+) \((\d+) services\) \| `(\w+)` \|$",
        text_of(ROOT / "README.md"),
        re.M,
    )
    real = []
    for family in FAMILIES:
        served = [service for service in services() if service.kind in family.kinds]
        wikis = {service.wiki for service in served}
        counts = (str(len(wikis)), str(len(served)))
        real.append((family.folder, ", ".join(family.kinds), *counts, family.folder))
    assert rows == real


def test_each_field_of_a_service_is_explained() -> None:
    from liftwing_serving.catalogue import Service

    fields = {field.name for field in dataclasses.fields(Service)} | {"storage_path"}
    assert set(table("services.md", "## Fields")) == fields
