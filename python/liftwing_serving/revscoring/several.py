"""Several models of several revisions in one call, answered as ORES answered."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from liftwing_serving import fields as read
from liftwing_serving import logs
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import (
    BadRequest,
    ContentUnreadable,
    DeadlineExceeded,
    InjectionRefused,
    InternalError,
    NoneAnswered,
    ResourceMissing,
    RevisionMissing,
    ServingError,
    TooManyInstances,
    Unavailable,
    UpstreamUnusable,
)
from liftwing_serving.revscoring import schemas
from liftwing_serving.revscoring.batch import Outcome
from liftwing_serving.revscoring.languages import check_language
from liftwing_serving.revscoring.model import score_entry
from liftwing_serving.revscoring.names import ServiceName
from liftwing_serving.revscoring.requests import Injection, ScoreRequest, injection_in
from liftwing_serving.revscoring.scorer import Scorer
from liftwing_serving.revscoring.tasks import Score
from liftwing_serving.server import Servable

logger = logging.getLogger(__name__)

ROUTE = "/v1/scores"
# Failures that may be none on a second try.
PASSING = (Unavailable, UpstreamUnusable)


class SeveralModels(Servable[Sequence[ScoreRequest]]):
    """What the models of one server, all of one wiki, say of each revision of a list."""

    def __init__(self, services: Sequence[ServiceName], scorer: Scorer, max_revisions: int) -> None:
        super().__init__(ROUTE)
        self._services = {str(service): service for service in services}
        self._wiki = services[0].wiki
        self._scorer = scorer
        self._max_revisions = max_revisions

    @property
    def alive(self) -> bool:
        """Whether some worker could take a request."""
        return self._scorer.runners.alive

    @property
    def request_schema(self) -> schemas.Schema:
        """The fields of a request."""
        names = [service.kind for service in self._services.values()]
        return schemas.request_for_several([*names, *self._services], self._max_revisions)

    @property
    def answer_schema(self) -> schemas.Schema:
        """The form of the answer."""
        return schemas.answer(self._wiki, [service.kind for service in self._services.values()])

    def read(self, fields: dict[str, Any]) -> list[ScoreRequest]:
        """A request for each revision, of the same models. Raises BadRequest, TooManyInstances."""
        check_language(fields, self._wiki)
        rev_ids, models = self._rev_ids(fields), self._models(fields)
        extended_output = read.boolean(fields, "extended_output")
        injections = self._injections(fields, rev_ids)
        logs.note(instances=len(rev_ids))
        return [
            ScoreRequest(rev_id, models, extended_output, injection=injections.get(rev_id))
            for rev_id in rev_ids
        ]

    async def answer(self, request: Sequence[ScoreRequest], deadline: Deadline) -> dict[str, Any]:
        """The scores in ORES' shape; a revision that has none has the error under each model.

        Raises NoneAnswered if no score is there and each may be on a second try, InjectionRefused,
        and what `Scorer.score_all` raises.
        """
        outcomes = await self._scorer.score_all(request, deadline)
        for outcome in outcomes:
            # The request is wrong, whatever else it asks for.
            if isinstance(outcome, InjectionRefused):
                raise outcome
        passing = [outcome for outcome in outcomes if isinstance(outcome, PASSING)]
        if passing and len(passing) == len(outcomes):
            delay = max(error.retry_after or 1 for error in passing)
            raise NoneAnswered(len(passing), passing[0].message, delay)
        models = request[0].models if request else tuple(self._services)
        return {
            self._wiki: {
                "models": {
                    self._services[name].kind: {"version": self._scorer.models[name].version}
                    for name in models
                },
                "scores": {
                    str(one.rev_id): self._entries(one, outcome)
                    for one, outcome in zip(request, outcomes)
                },
            }
        }

    def _rev_ids(self, fields: Mapping[str, Any]) -> list[int]:
        rev_ids = _list(fields, "rev_ids")
        if len(rev_ids) > self._max_revisions:
            raise TooManyInstances(self._max_revisions)
        named = {f"rev_ids[{index}]": rev_id for index, rev_id in enumerate(rev_ids)}
        return [read.positive_integer(named, name) for name in named]

    def _injections(
        self, fields: Mapping[str, Any], rev_ids: Sequence[int]
    ) -> dict[int, Injection | None]:
        """What to inject for which revisions. Raises BadRequest."""
        given = fields.get("inject", {})
        if not isinstance(given, dict):
            raise BadRequest('Expected "inject" to be an object of objects by revision.')
        by_text = {str(rev_id): rev_id for rev_id in rev_ids}
        if not given.keys() <= by_text.keys():
            raise BadRequest('Expected "inject" to name revisions of "rev_ids" only.')
        return {by_text[text]: injection_in(given, text) for text in given}

    def _models(self, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the models that are asked for, in the order in which they are served."""
        if "models" not in fields:
            return tuple(self._services)
        asked = _list(fields, "models")
        by_any_name = {service.kind: name for name, service in self._services.items()}
        by_any_name |= {name: name for name in self._services}
        if not asked or not all(isinstance(one, str) and one in by_any_name for one in asked):
            kinds = ", ".join(service.kind for service in self._services.values())
            raise BadRequest(f'Expected "models" to be a list of some of: {kinds}.')
        wanted = {by_any_name[one] for one in asked}
        return tuple(name for name in self._services if name in wanted)

    def _entries(self, request: ScoreRequest, outcome: Outcome) -> dict[str, Any]:
        """What each model says of a revision, by its kind."""
        if isinstance(outcome, Exception):
            error = {"error": ores_error(outcome)}
            return {self._services[name].kind: error for name in request.models}
        return {
            self._services[name].kind: (
                score_entry(request, score)
                if isinstance(score, Score)
                else {"error": ores_error(score)}
            )
            for name, score in outcome.items()
        }


def ores_error(error: Exception) -> dict[str, str]:
    """A failure as ORES told it: its type is the name of revscoring's exception.

    Those that revscoring does not have are told by their names here. Defects are logged.
    """
    if isinstance(error, RevisionMissing):
        return _told(f"RevisionNotFound: Could not find revision ({{revision}}:{error.rev_id})")
    if isinstance(error, ResourceMissing | ContentUnreadable):
        return _told(error.reason)
    if isinstance(error, DeadlineExceeded):
        return {"type": "TimeoutError", "message": error.message}
    if isinstance(error, ServingError) and not isinstance(error, InternalError):
        return {"type": type(error).__name__, "message": error.message}
    details = error.details if isinstance(error, InternalError) else None
    logger.error("a defect: %r", error, exc_info=error, extra={"details": details})
    text = f"Internal error. Please report it with this request id: {logs.request_id.get()}"
    return {"type": InternalError.__name__, "message": text}


def _told(text: str) -> dict[str, str]:
    return {"type": text.partition(":")[0], "message": text}


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    """A required list. Raises BadRequest."""
    if name not in fields:
        raise BadRequest(f'Expected "{name}" in input data.')
    value = fields[name]
    if not isinstance(value, list):
        raise BadRequest(f'Expected "{name}" to be a list.')
    return value
