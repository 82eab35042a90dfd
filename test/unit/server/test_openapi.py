"""The OpenAPI document says what may be sent and what is answered."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI
from fastapi.openapi.models import OpenAPI
from liftwing_serving.server import Servable
from liftwing_serving.server.dataplane import LiftwingDataPlane, Models
from liftwing_serving.server.hosted import Hosted
from liftwing_serving.server.http import HttpServer
from liftwing_serving.settings import ServerSettings
from support.toy import Doubles, Toy

SETTINGS = ServerSettings()
PREDICT, INFER = "/v1/models/{model_name}:predict", "/v2/models/{model_name}/infer"
TEXTS = ['{"number": 1}', '{"number": 2}']


@pytest.fixture
def hosted() -> list[Hosted]:
    return [Hosted("toy", SETTINGS), Hosted("other", SETTINGS), Hosted("/v1/doubles", SETTINGS)]


@pytest.fixture
def app(hosted: list[Hosted]) -> FastAPI:
    models = Models()
    for model in hosted[:2]:
        models.update(model)
    app = FastAPI()
    data_plane = LiftwingDataPlane(models, hosted[2:], max_instances=3)
    HttpServer(data_plane, 8080, SETTINGS)._register_endpoints(app)
    return app


@pytest.fixture
def document(app: FastAPI, hosted: list[Hosted]) -> dict[str, Any]:
    """As it is once all is loaded; it was asked for before."""
    app.openapi()
    servables: list[Servable[Any]] = [Toy("toy"), Toy("other"), Doubles("/v1/doubles")]
    for model, servable in zip(hosted, servables, strict=True):
        model.servable = servable
    return json.loads(json.dumps(app.openapi()))  # type: ignore[no-any-return]


def allowed(document: dict[str, Any], schema: Any, value: object) -> bool:
    """Whether a schema of the document allows a value."""
    validator = jsonschema.Draft202012Validator({**document, **schema})
    return validator.is_valid(value)


def schema_of(body: dict[str, Any]) -> Any:
    return body["content"]["application/json"]["schema"]


def test_the_document_is_a_valid_one_before_and_after_loading(
    app: FastAPI, document: dict[str, Any]
) -> None:
    before = FastAPI()
    HttpServer(LiftwingDataPlane(Models()), 8080, SETTINGS)._register_endpoints(before)
    for it in (json.loads(json.dumps(before.openapi())), document):
        OpenAPI.model_validate(it)
        for schema in it["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)
        names = set(it["components"]["schemas"])
        assert {"Request", "Batch"} < names
        refs = {ref for ref in json.dumps(it).split('"') if ref.startswith("#/components/")}
        assert {ref.rpartition("/")[2] for ref in refs} <= names
        assert "422" not in json.dumps(it["paths"])


def test_any_object_may_be_asked_until_the_models_are_loaded(app: FastAPI) -> None:
    document = app.openapi()
    body = schema_of(document["paths"][PREDICT]["post"]["requestBody"])
    assert allowed(document, body, {"anything": 1})
    assert not allowed(document, body, [1])


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (PREDICT, {"number": 1}, True),
        (PREDICT, {"instances": [{"number": 1}] * 3}, True),
        (PREDICT, {"instances": []}, True),
        (PREDICT, {"number": "1"}, False),
        (PREDICT, {"rev_id": 1}, False),
        (PREDICT, {"instances": [{"number": 1}] * 4}, False),
        (PREDICT, {"instances": [{}]}, False),
        (INFER, {"inputs": [{"datatype": "BYTES"}]}, False),
        ("/v1/doubles", {"numbers": [1]}, True),
        ("/v1/doubles", {"number": 1}, False),
        ("/v1/doubles", {"instances": []}, False),
    ],
)
def test_what_may_be_sent_is_what_the_servable_reads(
    document: dict[str, Any], path: str, value: object, expected: bool
) -> None:
    body = document["paths"][path]["post"]["requestBody"]
    assert body["required"]
    assert allowed(document, schema_of(body), value) is expected


def test_tensors_hold_requests(document: dict[str, Any]) -> None:
    infer = document["paths"][INFER]["post"]
    tensor = {"name": "input", "datatype": "BYTES", "shape": [2], "data": TEXTS}
    request = {"inputs": [tensor], "id": "x", "parameters": {"binary_data_output": True}}
    assert allowed(document, schema_of(infer["requestBody"]), request)
    inputs = document["components"]["schemas"]["InferenceRequest"]["properties"]["inputs"]
    element = inputs["items"]["properties"]["data"]["items"]["contentSchema"]
    assert allowed(document, element, {"number": 1})
    assert not allowed(document, element, {"rev_id": 1})


def test_answers_and_errors_are_those_that_are_given(document: dict[str, Any]) -> None:
    predict = document["paths"][PREDICT]["post"]["responses"]
    ok = schema_of(predict["200"])
    failure = {"error": {"code": 400, "message": "wrong"}}
    assert allowed(document, ok, {"double": 2})
    assert allowed(document, ok, {"predictions": [{"double": 2}, failure]})
    assert not allowed(document, ok, {"predictions": [{"half": 2}]})
    for status in ("400", "404", "413", "429", "500", "502", "503"):
        assert allowed(document, schema_of(predict[status]), {"error": "text"})
        assert not allowed(document, schema_of(predict[status]), failure)


def test_the_names_are_those_of_the_models(document: dict[str, Any]) -> None:
    for path in (PREDICT, INFER, "/v2/models/{model_name}"):
        (operation,) = document["paths"][path].values()
        (parameter,) = operation["parameters"]
        assert parameter["schema"]["enum"] == ["other", "toy"]


def test_models_of_different_kinds_are_described_side_by_side(
    app: FastAPI, hosted: list[Hosted]
) -> None:
    hosted[0].servable, hosted[1].servable = Toy("toy"), Doubles("other")
    document = app.openapi()
    body = schema_of(document["paths"][PREDICT]["post"]["requestBody"])
    for value in ({"number": 1}, {"numbers": [1]}, {"instances": [{"number": 1}, {"numbers": []}]}):
        assert allowed(document, body, value)
    assert not allowed(document, body, {"rev_id": 1})


def test_what_no_model_tells_is_not_described(
    app: FastAPI, hosted: list[Hosted], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/v1/models/{model_name}/info"
    assert path in app.openapi()["paths"]
    for model in hosted[:2]:
        model.servable = Toy(model.name)
    monkeypatch.setattr(Toy, "informs", True)
    assert path in app.openapi()["paths"]
    monkeypatch.setattr(Toy, "informs", False)
    assert path not in app.openapi()["paths"]


async def test_a_model_that_tells_nothing_of_itself_says_so(
    app: FastAPI, hosted: list[Hosted]
) -> None:
    hosted[0].servable = Toy("toy")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://toy") as client:
        answer = await client.get("/v1/models/toy/info")
    assert answer.status_code == 404
    assert answer.json() == {"error": "This model tells nothing of itself."}
