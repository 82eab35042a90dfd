"""KServe's data plane and model registry as this project wants them."""

from __future__ import annotations

import logging
from typing import Any

from kserve.constants.constants import PredictorProtocol
from kserve.model_repository import ModelRepository
from kserve.protocol.dataplane import DataPlane

from liftwing_serving.errors import BadRequest
from liftwing_serving.server.failures import NOT_V2
from liftwing_serving.server.hosted import Hosted

logger = logging.getLogger(__name__)


class Models(ModelRepository):  # type: ignore[misc]
    """The hosted models by name, which no client can unload."""

    models: dict[str, Hosted]

    def unload(self, name: str) -> None:
        """Never, whoever asks."""
        raise NotImplementedError("Models are loaded when the server starts.")


class LiftwingDataPlane(DataPlane):  # type: ignore[misc]
    """KServe's data plane, except that bodies are parsed by us and readiness is asked for once.

    KServe parses some content types, passes others on unread and answers with texts of its own.
    """

    def __init__(self, models: Models) -> None:
        super().__init__(models)
        self.models = models
        self.draining = False

    def decode(
        self,
        body: Any,
        headers: Any,
        protocol_version: str = PredictorProtocol.REST_V1.value,
        model_name: str | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """V1 bodies stay bytes, whatever their content type. Raises BadRequest for bad V2 ones."""
        if isinstance(body, bytes) and protocol_version == PredictorProtocol.REST_V1.value:
            return body, {}
        try:
            decoded: tuple[Any, dict[str, Any]] = super().decode(
                body, headers, protocol_version, model_name
            )
        except Exception as error:
            # KServe unpacks tensors before it has looked at them, so anything may go wrong.
            logger.info("not an Open Inference Protocol request: %r", error)
            raise BadRequest(NOT_V2) from None
        return decoded

    def encode(
        self, model_name: str, response: Any, headers: Any, req_attributes: dict[str, Any]
    ) -> tuple[Any, dict[str, str]]:
        """The answer is JSON also to a caller that sends cloud event headers."""
        encoded: tuple[Any, dict[str, str]] = super().encode(
            model_name, response, None, req_attributes
        )
        return encoded

    async def infer(
        self, model_name: str, request: Any, headers: dict[str, str] | None = None
    ) -> tuple[Any, dict[str, str]]:
        """The model's answer, and no further headers. Raises ModelNotFound, ServingError."""
        hosted: Hosted = self.get_model_from_registry(model_name)
        return await hosted.answer(request), {}

    async def ready(self) -> bool:
        """Not ready while loading or draining, nor once nothing is left that could answer."""
        return not self.draining and all(hosted.alive for hosted in self.models.models.values())

    async def model_ready(
        self, model_name: str, disable_predictor_health_check: bool = False
    ) -> bool:
        """While draining a model is not ready to probes but still predicts. Raises ModelNotFound.

        KServe sets the flag for requests to predict and leaves it for probes.
        """
        hosted: Hosted = self.get_model_from_registry(model_name)
        return hosted.alive and (disable_predictor_health_check or not self.draining)
