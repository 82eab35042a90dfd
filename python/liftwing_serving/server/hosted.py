"""A family's servable as a model of KServe's, with what is the same for all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import kserve
import orjson
from kserve.errors import ModelNotReady
from kserve.metrics import PRE_HIST_TIME, PREDICT_HIST_TIME, get_labels

from liftwing_serving import logs, metrics
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import (
    BadRequest,
    InternalError,
    ServingError,
    TooManyInstances,
    Unavailable,
)
from liftwing_serving.fields import check_parts, json_object, parsed
from liftwing_serving.server.failures import CLIENT_LEFT
from liftwing_serving.server.instances import (
    COLLECT_SECONDS,
    INSTANCES,
    Batch,
    instance_fields,
    predictions,
)
from liftwing_serving.server.middleware import came_by_http, client_left, unless_client_leaves
from liftwing_serving.server.openinference import Element, text_of
from liftwing_serving.server.payloads import loggable
from liftwing_serving.server.servable import ANY_OBJECT, Servable, has_own_route
from liftwing_serving.settings import ServerSettings

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Hosted(kserve.Model):  # type: ignore[misc]
    """A model that is served; its servable is set when it is loaded. Keeps no request's state."""

    def __init__(self, name: str, settings: ServerSettings) -> None:
        super().__init__(name)
        self.servable: Servable[Any] | None = None
        self._settings = settings
        self._reading = PRE_HIST_TIME.labels(**get_labels(name))
        self._answering = PREDICT_HIST_TIME.labels(**get_labels(name))

    @property
    def has_route(self) -> bool:
        """Whether it has a route of its own, and is no model to clients."""
        return has_own_route(self.name)

    @property
    def schemas(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Those of its requests and its answers: of any object until it is loaded."""
        if self.servable is None:
            return ANY_OBJECT, ANY_OBJECT
        return self.servable.request_schema, self.servable.answer_schema

    @property
    def informs(self) -> bool:
        """Whether it tells something of itself, as far as is known until it is loaded."""
        return self.servable is None or self.servable.informs

    @property
    def alive(self) -> bool:
        """Whether it is loaded and could answer a request now."""
        return self.servable is not None and self.servable.alive

    async def answer(self, body: bytes) -> bytes:
        """The V1 answer to a V1 request, both JSON, whichever protocol brought it.

        Raises ModelNotReady until it is loaded; BadRequest, TooManyInstances, NoneAnswered,
        DeadlineExceeded, and what the servable raises.
        """
        servable = self._loaded()
        with self._counted() as tally:
            self._log(body)
            fields = json_object(body)
            if INSTANCES not in fields or self.has_route:
                return await self._answer_one(servable, fields)
            given = fields[INSTANCES]
            if not isinstance(given, list):
                raise BadRequest(f'Expected "{INSTANCES}" to be a list.')

            def read(value: object) -> Any:
                return servable.read(instance_fields(value))

            return predictions(await self._answer_batch(servable, read, given, tally))

    async def answer_each(self, elements: Sequence[Element]) -> list[bytes]:
        """The V1 answers to V1 requests: to a single one as `answer`, else as to a batch.

        Raises what `answer` raises.
        """
        if len(elements) == 1:
            return [await self.answer(text_of(elements[0]))]
        servable = self._loaded()
        with self._counted() as tally:
            texts = [element for element in elements if isinstance(element, bytes)]
            self._log(*texts)
            check_parts(*texts)

            def read(element: Element) -> Any:
                return servable.read(instance_fields(parsed(text_of(element))))

            return await self._answer_batch(servable, read, elements, tally)

    async def information(self, wanted: str) -> bytes:
        """What the model tells of itself, as JSON. Raises ModelNotReady, DeadlineExceeded, and what
        the servable raises."""
        servable, deadline = self._loaded(), self._deadline()
        return orjson.dumps(await deadline.wait_for(servable.information(wanted, deadline)))

    async def _answer_one(self, servable: Servable[Any], fields: dict[str, Any]) -> bytes:
        with self._reading.time():
            request = servable.read(fields)
        with self._answering.time():
            deadline = self._deadline()
            answer = servable.answer(request, deadline)
            if self.has_route:
                end = deadline.later(COLLECT_SECONDS)
                return orjson.dumps(await unless_client_leaves(end.wait_for(answer)))
            return orjson.dumps(await deadline.wait_for(answer))

    async def _answer_batch(
        self,
        servable: Servable[Any],
        read: Callable[[T], Any],
        given: Sequence[T],
        tally: _Tally,
    ) -> list[bytes]:
        """The answers to the requests that `read` makes of what is given, in its order."""
        if len(given) > self._settings.max_instances:
            raise TooManyInstances(self._settings.max_instances)
        tally.instances = len(given)
        logs.note(instances=len(given))
        with self._reading.time():
            batch = await Batch.read(read, given)
        with self._answering.time():
            await unless_client_leaves(batch.answer(servable, self._deadline()))
        tally.codes = batch.codes
        return await batch.texts()

    def _loaded(self) -> Servable[Any]:
        if self.servable is None:
            raise ModelNotReady(self.name)
        return self.servable

    def _deadline(self) -> Deadline:
        return Deadline.of_request(self._settings.request_deadline_seconds)

    def _log(self, *texts: bytes) -> None:
        if self._settings.log_json_payload:
            logger.info("a request to %s", self.name, extra={"payload": loggable(*texts)})

    @contextmanager
    def _counted(self) -> Iterator[_Tally]:
        """Counts the request by its status, and its instances by theirs or else by that too."""
        tally = _Tally()
        status = InternalError.status
        try:
            yield tally
            status = 200
        except ServingError as error:
            status = error.status
            raise
        except asyncio.CancelledError:
            # A client that leaves cancels its gRPC call; HTTP requests are cancelled by the stop.
            status = Unavailable.status if came_by_http() else CLIENT_LEFT
            raise
        finally:
            if client_left():
                status = CLIENT_LEFT
            metrics.count_request(self.name, status)
            for code, number in (tally.codes or {status: tally.instances}).items():
                metrics.count_instances(self.name, code, number)


@dataclass(slots=True)
class _Tally:
    """How many instances a request has, and how many of them were answered with which status."""

    instances: int = 1
    codes: Mapping[int, int] = field(default_factory=dict)
