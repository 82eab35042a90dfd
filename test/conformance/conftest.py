"""The server under test, and what is known of what it serves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conformance.asking import Server
from conformance.document import Document


def pytest_addoption(parser: pytest.Parser) -> None:
    kit = parser.getgroup("conformance")
    kit.addoption("--url", help="the server under test, as http://HOST:PORT")
    kit.addoption("--host", metavar="NAME", help="the Host header by which a gateway finds it")
    kit.addoption("--model", help="its model to ask, by default the first that it lists")
    kit.addoption("--grpc", metavar="HOST:PORT", help="its gRPC port; not tested unless given")
    kit.addoption(
        "--request",
        action="append",
        type=_request,
        metavar="JSON",
        help="a V1 request that it answers, by default those that its OpenAPI document shows; "
        "several of them (repeat the flag) show whether answers are mixed up",
    )
    kit.addoption(
        "--deadline",
        type=float,
        metavar="SECONDS",
        help="its REQUEST_DEADLINE_SECONDS; whether bodies have to come in time is not tested "
        "unless given, as that takes so long",
    )


def _request(text: str) -> dict[str, Any]:
    request = json.loads(text)
    if not isinstance(request, dict):
        raise ValueError("not a JSON object")
    return request


def pytest_configure(config: pytest.Config) -> None:
    alone = config.inipath == Path(__file__).with_name("pytest.ini")
    if alone and not config.option.url and not config.option.help:
        raise pytest.UsageError("say which server to test: --url http://HOST:PORT")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A run of a folder above, which names no server, is not about any."""
    return None if config.option.url else True


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[Server]:
    server = Server(pytestconfig.option.url, pytestconfig.option.host)
    try:
        server.get("/v2/health/live")
    except httpx.TransportError as error:
        pytest.exit(f"no server answers at {server.url}: {error}", pytest.ExitCode.USAGE_ERROR)
    yield server
    server.close()


@pytest.fixture(scope="session")
def models(server: Server) -> list[str]:
    """The names that the server lists; none if it does not list them properly."""
    answer = server.get("/v1/models")
    try:
        names = answer.json()["models"]
    except (ValueError, LookupError, TypeError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


@pytest.fixture(scope="session")
def model(pytestconfig: pytest.Config, models: list[str]) -> str:
    """The model to ask."""
    if pytestconfig.option.model:
        return str(pytestconfig.option.model)
    if not models:
        pytest.skip("the server lists no model: name one with --model")
    return models[0]


@pytest.fixture(scope="session")
def document(server: Server) -> Document:
    """The OpenAPI document; an empty one if there is none."""
    answer = server.get("/openapi.json")
    try:
        document = answer.json()
    except ValueError:
        document = None
    return Document(document if isinstance(document, dict) else {})


@pytest.fixture(scope="session")
def examples(pytestconfig: pytest.Config, document: Document) -> list[dict[str, Any]]:
    """Requests that the server answers."""
    examples = pytestconfig.option.request or document.examples()
    if not examples:
        pytest.skip("the OpenAPI document shows no request: give one with --request")
    return list(examples)


@pytest.fixture(scope="session")
def answers(server: Server, model: str, examples: list[dict[str, Any]]) -> list[Any]:
    """The V1 answers to the examples, in their order."""
    answers = [server.predict(model, example) for example in examples]
    if any(answer.status_code != 200 for answer in answers):
        pytest.skip("an example is not answered")
    return [answer.json() for answer in answers]


@pytest.fixture(scope="session")
def example(examples: list[dict[str, Any]]) -> dict[str, Any]:
    """The first of them."""
    return examples[0]


@pytest.fixture(scope="session")
def answer(answers: list[Any]) -> Any:
    """The V1 answer to the first of them."""
    return answers[0]
