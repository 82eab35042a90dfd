"""KServe's data plane and model registry with this project's parsing and readiness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kserve.errors import ModelNotReady
from kserve.model_repository import ModelRepository
from kserve.protocol.dataplane import DataPlane

from liftwing_serving.server import openapi, openinference
from liftwing_serving.server.hosted import Hosted
from liftwing_serving.server.openinference import Element


class Models(ModelRepository):  # type: ignore[misc]
    """The hosted models by name, which no client can unload."""

    models: dict[str, Hosted]

    def unload(self, name: str) -> None:
        """Raises NotImplementedError, whoever asks."""
        raise NotImplementedError("Models are loaded when the server starts.")


class LiftwingDataPlane(DataPlane):  # type: ignore[misc]
    """KServe's data plane, except that requests are answered and readiness is told by us.
    `routes` have a route of their own each, and are no models;
    `max_instances` is how many elements a tensor may have.

    What KServe does to requests is passed by: it looks at what a body holds only once it is built,
    and builds an object for each thing that it does not like.
    """

    def __init__(
        self, models: Models, routes: Sequence[Hosted] = (), max_instances: int = 500
    ) -> None:
        super().__init__(models)
        self.models = models
        self.routes = routes
        self.max_instances = max_instances
        self.draining = False

    def answering(self, model_name: str) -> Hosted:
        """The model, if it could answer now. Raises ModelNotFound, ModelNotReady."""
        hosted: Hosted = self.get_model_from_registry(model_name)
        return _alive(hosted)

    async def answer(self, model_name: str, body: bytes) -> bytes:
        """The V1 answer to a V1 request. Raises ModelNotFound, ModelNotReady, ServingError."""
        return await self.answering(model_name).answer(body)

    async def answer_each(self, model_name: str, elements: Sequence[Element]) -> list[bytes]:
        """The V1 answers to a tensor's elements. Raises what `answer` raises."""
        return await self.answering(model_name).answer_each(elements)

    async def answer_route(self, route: Hosted, body: bytes) -> bytes:
        """The answer of one that has a route of its own. Raises ModelNotReady, ServingError."""
        return await _alive(route).answer(body)

    def metadata(self) -> dict[str, Any]:
        """Name and version of the server; no client loads or unloads models, so no extension."""
        return {**super().metadata(), "extensions": []}

    async def model_metadata(self, model_name: str) -> dict[str, Any]:
        """A model's kind and what its tensors hold. Raises ModelNotFound, ModelNotReady."""
        hosted: Hosted = self.get_model_from_registry(model_name)
        if hosted.servable is None:
            raise ModelNotReady(model_name)
        return {
            "name": model_name,
            "platform": hosted.servable.platform,
            "inputs": openinference.INPUTS,
            "outputs": openinference.OUTPUTS,
        }

    def complete(self, document: dict[str, Any]) -> dict[str, Any]:
        """The OpenAPI document with what is known of the models until now."""
        models = {name: hosted.schemas for name, hosted in self.models.models.items()}
        routes = {hosted.name: hosted.schemas for hosted in self.routes}
        if models and not any(hosted.informs for hosted in self.models.models.values()):
            document["paths"].pop(openapi.INFORMATION, None)
        return openapi.complete(document, models, routes, self.max_instances)

    async def ready(self) -> bool:
        """Whether the server is neither loading nor draining and every model could answer."""
        hosted = (*self.models.models.values(), *self.routes)
        return not self.draining and all(one.alive for one in hosted)

    async def model_ready(self, model_name: str) -> bool:
        """Whether a model is ready for probes; while draining it is not, but still `answering`.

        Raises ModelNotFound.
        """
        hosted: Hosted = self.get_model_from_registry(model_name)
        return hosted.alive and not self.draining


def _alive(hosted: Hosted) -> Hosted:
    """The same, if it could answer now. Raises ModelNotReady."""
    if not hosted.alive:
        raise ModelNotReady(hosted.name)
    return hosted
