"""The OpenAPI document of ORES' API tells what the front answers, all of it and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import jsonschema
import pytest
from fastapi.openapi.models import OpenAPI
from liftwing_serving.ores import failures, queries, routes
from liftwing_serving.ores.routes import PREFIX, Routes
from liftwing_serving.ores.spec import spec
from support.model_servers import MISSING, FakeServer, Fronted, refused
from support.ores_spec import check_answer, described, resolved

# What the groups of a route are called there.
NAMES = {"context": "wiki", "revision": "revid", "model": "model"}
METHODS = ("get", "post")
# Read by the page, which leaves it to the front to answer.
OF_THE_PAGE = {"/v3/": {"spec"}}
EXAMPLES = {"{wiki}": "enwiki", "{revid}": "7", "{model}": "damaging"}


parameters_in = queries.parameters_in


class Recording(dict[str, str]):
    """Parameters that tell which of them were looked for."""

    looked_for: set[str] = set()

    def __init__(self, *texts: str) -> None:
        super().__init__(parameters_in(*texts))

    def get(self, name: str, default: Any = None) -> Any:
        self.looked_for.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.looked_for.add(cast(str, name))
        return super().__contains__(name)

    def items(self) -> Any:
        self.looked_for.add("values")
        return super().items()


def of_v3() -> list[routes.Route]:
    nothing = cast(Any, None)
    known = Routes(nothing, nothing, lambda: True)._routes
    return [route for route in known if route.pattern.pattern.startswith("/v3")]


def paths_of(route: routes.Route) -> set[str]:
    """All paths of a route, as the document writes them."""
    pattern = route.pattern.pattern.removesuffix("/?")
    pattern = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda it: f"{{{NAMES[it[1]]}}}", pattern)
    known = {pattern}
    while optional := {one for one in known if "(" in one}:
        for one in optional:
            known.discard(one)
            known |= {re.sub(r"\(([^()]*)\)\?", by, one, count=1) for by in ("", r"\1")}
    return {f"{one}/" for one in known}


def operations() -> Iterator[tuple[str, str, Any]]:
    """Path, method and operation of all that the document has."""
    for path, known in spec()["paths"].items():
        yield from ((path, method, known[method]) for method in METHODS if method in known)


def parameters_of(path: str, method: str) -> list[Any]:
    item = spec()["paths"][path]
    listed = item.get("parameters", []) + item[method].get("parameters", [])
    return [resolved(one) for one in listed]


def asked(path: str) -> str:
    """An example of the path."""
    for name, value in EXAMPLES.items():
        path = path.replace(name, value)
    return path


def within(place: Any) -> Iterator[Any]:
    """All objects of the document."""
    if isinstance(place, dict):
        yield place
    for one in place.values() if isinstance(place, dict) else place:
        if isinstance(one, (dict, list)):
            yield from within(one)


def test_it_is_an_openapi_document_whose_references_lead_somewhere() -> None:
    OpenAPI.model_validate(spec())
    for place in within(spec()):
        if "$ref" in place:
            resolved(place)
        if "schema" in place:
            jsonschema.Draft202012Validator.check_schema(place["schema"])
    for schema in spec()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))


def test_all_parts_of_it_are_used() -> None:
    used = {place["$ref"] for place in within(spec()) if "$ref" in place}
    there = {
        f"#/components/{kind}/{name}"
        for kind, parts in spec()["components"].items()
        for name in parts
    }
    assert there <= used


def test_its_paths_and_methods_are_those_of_the_routes() -> None:
    known = {
        (path, method.lower())
        for route in of_v3()
        for path in paths_of(route)
        for method in route.methods
    }
    assert known == {(path, method) for path, method, _ in operations()}


def test_the_parts_of_its_paths_are_those_that_the_routes_accept() -> None:
    for path, method, _ in operations():
        named = {it["name"] for it in parameters_of(path, method) if it["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))
    told = spec()["components"]["parameters"]
    regexes = {"context": routes._CONTEXT, "model": routes._MODEL, "revision": routes._REVISION}
    for group in ("context", "model"):
        regex = regexes[group].removeprefix(f"(?P<{group}>").removesuffix(")")
        assert told[NAMES[group]]["schema"]["pattern"] == f"^{regex}$"
    most = told["revid"]["schema"]["maximum"]
    assert re.fullmatch(regexes["revision"], str(most))
    assert not re.fullmatch(regexes["revision"], str(most + 1))
    assert not re.fullmatch(regexes["revision"], str(told["revid"]["schema"]["minimum"] - 1))


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, method, _ in operations()], ids="".join
)
async def test_its_parameters_are_those_that_are_looked_for(
    front: Fronted, monkeypatch: pytest.MonkeyPatch, path: str, method: str
) -> None:
    monkeypatch.setattr(queries, "parameters_in", Recording)
    monkeypatch.setattr(Recording, "looked_for", set())
    event = b'{"database": "enwiki", "rev_id": 7}'
    options: dict[str, Any] = {"data": event} if path == "/v3/precache/" else {}
    assert (await front.call(method.upper(), asked(path), **options))[0] == 200
    told = {it["name"] for it in parameters_of(path, method) if it["in"] == "query"}
    assert told == Recording.looked_for | OF_THE_PAGE.get(path, set())


def test_a_form_has_the_parameters_of_a_url() -> None:
    (form,) = resolved({"$ref": "#/components/requestBodies/Form"})["content"].values()
    by_name = {it["name"]: it for it in parameters_of("/v3/scores/{wiki}/", "get")}
    values = by_name.pop("values")["schema"]
    del by_name["wiki"]
    assert set(form["schema"]["properties"]) == set(by_name)
    assert form["schema"]["patternProperties"] == values["patternProperties"]
    for name, parameter in by_name.items():
        schema = parameter.get("schema") or parameter["content"]["application/json"]["schema"]
        assert resolved(form["schema"]["properties"][name]) == schema


def test_its_limits_and_codes_are_those_of_the_code() -> None:
    told = spec()["components"]
    assert told["parameters"]["revids"]["schema"]["maxItems"] == queries.MAX_REVISIONS
    (prefixes,) = told["parameters"]["values"]["schema"]["patternProperties"]
    assert prefixes == f"^({'|'.join(it.rstrip('.') for it in queries._INJECTED)})\\."
    code = told["schemas"]["Error"]["properties"]["error"]["properties"]["code"]
    assert code["enum"] == list(failures.CODES.values())
    statuses = {status for _, _, it in operations() for status in it["responses"]}
    assert statuses - {"200", "204", "default"} <= set(map(str, failures.CODES))
    assert {"url": PREFIX}.items() <= spec()["servers"][1].items()


async def test_it_is_given_out_as_ores_gave_its_own(front: Fronted) -> None:
    for path in ("/v3/spec/", "/v3/spec", f"{PREFIX}/v3/spec/", "/v3/?spec", "/v3?spec="):
        status, body, headers = await front.call("GET", path)
        assert (status, body) == (200, spec())
        assert headers["Content-Type"].startswith("application/json")
        assert headers["Cache-Control"] == "no-store, no-cache, max-age=0"
    status, text, _ = await front.call("GET", "/v3/spec/", params={"callback": "show"})
    assert status == 200 and text.startswith("/**/show({")
    status, body, _ = await front.call("POST", "/v3/spec/")
    assert (status, body["error"]["code"]) == (405, "method not allowed")


async def test_answers_of_all_kinds_are_as_it_says(
    front: Fronted, edits: FakeServer, articles: FakeServer
) -> None:
    """Each of them is held against it as it arrives."""
    one = "/v3/scores/enwiki/7/damaging"
    inject = {"inject": '{"7": {"feature.x": 1}}', "features": ""}
    articles.refusal = refused(503, "It stops.")
    for path, parameters, status in [
        ("/v3/scores/", {}, 200),
        ("/v3/scores/", {"callback": "1"}, 400),
        ("/v3/scores/enwiki/", {}, 200),
        ("/v3/scores/enwiki/", {"revids": f"7|0|{MISSING}"}, 200),
        ("/v3/scores/enwiki/", {"models": "luck"}, 404),
        ("/v3/scores/enwiki/", {"revids": "x"}, 400),
        ("/v3/scores/enwiki/", {"models": "wp10", "revids": "7"}, 503),
        (one, inject, 200),
        (one, {"model_info": ""}, 200),
    ]:
        assert described(path) is not None
        assert (await front.get(path, **parameters))[0] == status


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {}),
        (200, {"enwiki": {"scores": {}}}),
        (200, {"enwiki": {"models": {}, "scores": {"x": {}}}}),
        (200, {"enwiki": {"models": {}, "scores": {"7": {"damaging": {}}}}}),
        (200, {"enwiki": {"models": {}, "scores": {"7": {"damaging": {"score": {}}}}}}),
        (200, {"enwiki": {"models": {}, "scores": {"7": {"damaging": {"error": "x"}}}}}),
        (404, {"error": "text"}),
        (404, {"error": {"code": "NotFound", "message": "text"}}),
        (500, {}),
    ],
)
def test_other_answers_are_not(status: int, body: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check_answer("GET", "/v3/scores/enwiki/", status, body)
