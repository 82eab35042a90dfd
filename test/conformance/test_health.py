"""What probes and clients are told of the server and its models."""

from __future__ import annotations

import pytest
from conformance.asking import Server, json_of, told

TENSOR = {"datatype": "BYTES", "shape": [-1]}


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/", {"status": "alive"}),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
    ],
)
def test_the_server_says_that_it_is_well(
    server: Server, path: str, document: dict[str, object]
) -> None:
    answer = server.get(path)
    assert answer.status_code == 200, told(answer)
    assert json_of(answer) == document


def test_v1_lists_the_models(models: list[str]) -> None:
    assert models, "GET /v1/models names no model"


def test_v2_lists_the_same_models(server: Server, models: list[str]) -> None:
    if not models:
        pytest.skip("V1 lists none")
    answer = server.get("/v2/models")
    assert answer.status_code == 200, told(answer)
    assert json_of(answer) == {"models": models}


@pytest.mark.parametrize("path", ["/v1/models/{}", "/v2/models/{}/ready"])
def test_a_model_says_that_it_is_ready(server: Server, model: str, path: str) -> None:
    answer = server.get(path.format(model))
    assert answer.status_code == 200, told(answer)
    assert json_of(answer) == {"name": model, "ready": True}


def test_the_server_tells_its_name_and_version(server: Server) -> None:
    answer = server.get("/v2")
    assert answer.status_code == 200, told(answer)
    document = json_of(answer)
    assert document["name"] and document["version"], told(answer)
    assert document["extensions"] == [], "no client can load or unload a model"


def test_a_model_tells_its_tensors(server: Server, model: str) -> None:
    answer = server.get(f"/v2/models/{model}")
    assert answer.status_code == 200, told(answer)
    document = json_of(answer)
    assert document["name"] == model
    assert isinstance(document["platform"], str)
    assert document["inputs"] == [{"name": "input", **TENSOR}]
    assert document["outputs"] == [{"name": "output", **TENSOR}]
