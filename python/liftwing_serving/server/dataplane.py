"""KServe's data plane and model registry with this project's parsing and readiness."""

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
        """Raises NotImplementedError, whoever asks."""
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
        """The body and no attributes: V1's stays bytes whatever its content type, V2's is parsed.

        Raises BadRequest for a V2 body that is not of the protocol.
        """
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
        """An answer's body and headers: JSON even for a caller that sends CloudEvents headers."""
        encoded: tuple[Any, dict[str, str]] = super().encode(
            model_name, response, None, req_attributes
        )
        return encoded

    async def infer(
        self, model_name: str, request: Any, headers: dict[str, str] | None = None
    ) -> tuple[Any, dict[str, str]]:
        """The model's answer, and no further headers.

        Raises ModelNotFound, ModelNotReady, ServingError.
        """
        hosted: Hosted = self.get_model_from_registry(model_name)
        return await hosted.answer(request), {}

    async def ready(self) -> bool:
        """Whether the server is neither loading nor draining and every model could answer."""
        return not self.draining and all(hosted.alive for hosted in self.models.models.values())

    async def model_ready(
        self, model_name: str, disable_predictor_health_check: bool = False
    ) -> bool:
        """Whether a model is ready; while draining it is not for probes, but still predicts.

        KServe sets the flag for requests to predict and not for probes. Raises ModelNotFound.
        """
        hosted: Hosted = self.get_model_from_registry(model_name)
        return hosted.alive and (disable_predictor_health_check or not self.draining)
