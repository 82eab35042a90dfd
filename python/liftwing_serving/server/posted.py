"""What clients post to: predictions of V1 and V2, and routes of a family's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from kserve.constants.constants import INFERENCE_CONTENT_LENGTH_HEADER
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from liftwing_serving.server import failures, openapi, openinference
from liftwing_serving.server.dataplane import LiftwingDataPlane
from liftwing_serving.server.hosted import Hosted

# Called with the request and the parts of its path that have names.
Endpoint = Callable[..., Awaitable[Response]]


def posted_endpoints(data_plane: LiftwingDataPlane) -> dict[str, Endpoint]:
    """The endpoints by their paths."""

    async def predict(model_name: str, request: Request) -> Response:
        """The answer to a V1 request, which is read whole even if there is no such model."""
        answer = await data_plane.answer(model_name, await request.body())
        return Response(answer, media_type="application/json")

    async def infer(model_name: str, request: Request) -> Response:
        """The V1 answers to the V1 requests in the body's tensor, in a tensor too."""
        body = await request.body()
        data_plane.answering(model_name)
        json_length = request.headers.get(INFERENCE_CONTENT_LENGTH_HEADER)
        question = openinference.read_http(body, json_length, data_plane.max_instances)
        texts = await data_plane.answer_each(model_name, question.elements)
        answer, json_length = openinference.http_answer(question, model_name, texts)
        if json_length is None:
            return Response(answer, media_type="application/json")
        headers = {INFERENCE_CONTENT_LENGTH_HEADER: json_length}
        return Response(answer, headers=headers, media_type="application/octet-stream")

    def own_route(hosted: Hosted) -> Endpoint:
        async def answer(request: Request) -> Response:
            """The answer to a request in JSON."""
            body = await data_plane.answer_route(hosted, await request.body())
            return Response(body, media_type="application/json")

        return answer

    own = {hosted.name: own_route(hosted) for hosted in data_plane.routes}
    return {openapi.PREDICT: predict, openapi.INFER: infer, **own}


class Shortcut:
    """ASGI middleware: calls the endpoints without FastAPI, in which a request would spend half of
    the time that this server takes for it."""

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint]) -> None:
        self.app = app
        self._routes = [(compile_path(path)[0], one) for path, one in endpoints.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is posted to an endpoint, pass on everything else."""
        if scope["type"] == "http" and scope["method"] == "POST":
            for path, endpoint in self._routes:
                match = path.match(scope["path"])
                if match:
                    request = Request(scope, receive)
                    response = await _answer(endpoint(request=request, **match.groupdict()))
                    await response(scope, receive, send)
                    return
        await self.app(scope, receive, send)


async def _answer(answer: Awaitable[Response]) -> Response:
    try:
        return await answer
    except Exception as error:
        return failures.answer(error)
