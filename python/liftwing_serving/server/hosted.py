"""A family's servable as a model of KServe's, with what is the same for all of them."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import kserve
from kserve.errors import ModelNotReady
from kserve.metrics import PRE_HIST_TIME, PREDICT_HIST_TIME, get_labels

from liftwing_serving import metrics
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import InternalError, ServingError, Unavailable
from liftwing_serving.fields import json_object
from liftwing_serving.server.failures import CLIENT_LEFT
from liftwing_serving.server.middleware import came_by_http, client_left
from liftwing_serving.server.payloads import loggable
from liftwing_serving.server.servable import Servable, has_own_route
from liftwing_serving.settings import ServerSettings

logger = logging.getLogger(__name__)

# After the deadline, to gather what there is of several answers: 500 documents take some 50 ms.
COLLECT_SECONDS = 2.0


class Hosted(kserve.Model):  # type: ignore[misc]
    """A model that is served; its servable is set when it is loaded. Keeps no request's state."""

    def __init__(self, name: str, settings: ServerSettings) -> None:
        super().__init__(name)
        self.servable: Servable[Any] | None = None
        self._settings = settings
        self._labels = get_labels(name)

    @property
    def has_route(self) -> bool:
        """Whether it has a route of its own, and is no model to clients."""
        return has_own_route(self.name)

    @property
    def alive(self) -> bool:
        """Whether it is loaded and could answer a request now."""
        return self.servable is not None and self.servable.alive

    async def answer(self, body: bytes) -> dict[str, Any]:
        """The V1 answer to a V1 request, whichever protocol brought it; counted by its status.

        Raises ModelNotReady until it is loaded; BadRequest, DeadlineExceeded, and what the
        servable raises.
        """
        if self.servable is None:
            raise ModelNotReady(self.name)
        status = InternalError.status
        try:
            with PRE_HIST_TIME.labels(**self._labels).time():
                if self._settings.log_json_payload:
                    logger.info("a request to %s", self.name, extra={"payload": loggable(body)})
                request = self.servable.read(json_object(body))
            with PREDICT_HIST_TIME.labels(**self._labels).time():
                deadline = Deadline.after(self._settings.request_deadline_seconds)
                end = deadline.later(COLLECT_SECONDS) if self.has_route else deadline
                document = await end.wait_for(self.servable.answer(request, deadline))
            status = 200
            return document
        except ServingError as error:
            status = error.status
            raise
        except asyncio.CancelledError:
            # A client that leaves cancels its gRPC call; HTTP requests are cancelled by the stop.
            status = Unavailable.status if came_by_http() else CLIENT_LEFT
            raise
        finally:
            if await client_left():
                status = CLIENT_LEFT
            metrics.REQUESTS.labels(self.name, str(status)).inc()
