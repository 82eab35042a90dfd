"""A plain model as `server/` serves it: the request goes to a worker, its answer to the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import TooManyRequests
from liftwing_serving.server import Servable
from liftwing_serving.workers import Runners, Work

# Makes of a V1 body's JSON object what a worker is given. Raises BadRequest.
Read = Callable[[dict[str, Any]], object]


class PlainModel(Servable[object]):
    """A model in worker processes, whose handler returns the answer's JSON object."""

    def __init__(
        self,
        name: str,
        runners: Runners,
        read: Read,
        schemas: tuple[Mapping[str, Any], Mapping[str, Any]],
    ) -> None:
        super().__init__(name)
        self._runners = runners
        self._read = read
        self._request_schema, self._answer_schema = schemas

    @property
    def request_schema(self) -> Mapping[str, Any]:
        """See Servable."""
        return self._request_schema

    @property
    def answer_schema(self) -> Mapping[str, Any]:
        """See Servable."""
        return self._answer_schema

    @property
    def alive(self) -> bool:
        """Whether some worker could take a request."""
        return self._runners.alive

    def read(self, fields: dict[str, Any]) -> object:
        """What a worker is given. Raises BadRequest."""
        return self._read(fields)

    async def answer(self, request: object, deadline: Deadline) -> dict[str, Any]:
        """What the handler returns. Raises TooManyRequests, and what the runner raises."""
        refusal = self._runners.refusal(Work(self.name), deadline)
        if refusal is not None:
            raise TooManyRequests(refusal)
        result = await self._runners.inference.run(request, deadline, Work(self.name))
        answer: dict[str, Any] = result.value
        return answer
