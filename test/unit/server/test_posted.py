"""What is posted to an endpoint reaches it without FastAPI, and everything else reaches that."""

from __future__ import annotations

import httpx
import pytest
from liftwing_serving.errors import Overloaded
from liftwing_serving.server.posted import Endpoint, Shortcut
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

MODEL = "/v1/models/enwiki-damaging"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("the application")(scope, receive, send)


async def predict(model_name: str, request: Request) -> Response:
    return PlainTextResponse(f"{model_name}: {(await request.body()).decode()}")


async def own(request: Request) -> Response:
    raise Overloaded(3)


async def ask(method: str, path: str) -> httpx.Response:
    """The answer to a request that says `a body`."""
    endpoints: dict[str, Endpoint] = {"/v1/models/{model_name}:predict": predict, "/v1/own": own}
    transport = httpx.ASGITransport(Shortcut(application, endpoints))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        return await client.request(method, path, content="a body")


async def test_what_is_posted_reaches_the_endpoint_of_its_path() -> None:
    assert (await ask("POST", f"{MODEL}:predict")).text == "enwiki-damaging: a body"


@pytest.mark.parametrize(
    "path",
    [
        MODEL,
        "/v1/models/enwiki/damaging:predict",
        f"{MODEL}:predict/more",
        f"/x{MODEL}:predict",
        "/v1/owner",
    ],
)
async def test_other_paths_are_the_applications(path: str) -> None:
    assert (await ask("POST", path)).text == "the application"


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
async def test_other_methods_are_the_applications(method: str) -> None:
    assert (await ask(method, f"{MODEL}:predict")).text == "the application"


async def test_an_endpoints_error_is_an_answer() -> None:
    answer = await ask("POST", "/v1/own")
    assert answer.status_code == Overloaded(3).status
    assert answer.headers["retry-after"] == "3"
    assert "error" in answer.json()
