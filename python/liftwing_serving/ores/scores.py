"""Asks model servers what a query wants to know: one call to each server, all side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from liftwing_serving.deadline import Deadline
from liftwing_serving.fields import MAX_INTEGER
from liftwing_serving.ores.client import Client
from liftwing_serving.ores.directory import Directory, Model, cannot_tell
from liftwing_serving.ores.failures import Failure, of_all
from liftwing_serving.ores.queries import Query
from liftwing_serving.ores.servers import Server

# What stands in a score's place: `{"score": ...}` or `{"error": ...}`.
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of the models of a wiki, and the entry of each of them for each revision; both
    by the names that the client has for the models."""

    context: str
    models: Mapping[str, Mapping[str, Any]]
    scores: Mapping[int, Mapping[str, Entry]] = field(default_factory=dict)


@dataclass(slots=True)
class _Told:
    """What one server told: versions and entries by kind, or why not."""

    versions: dict[str, str] = field(default_factory=dict)
    entries: dict[int, dict[str, Entry]] = field(default_factory=dict)
    failure: Failure | None = None


class Scores:
    """Answers queries. `max_revisions` is how many a model server is asked for in one call."""

    def __init__(self, client: Client, directory: Directory, max_revisions: int) -> None:
        self.directory = directory
        self._client = client
        self._max_revisions = max_revisions

    async def answer(self, query: Query, deadline: Deadline) -> Answer:
        """What is asked for, of one wiki. Raises Failure if there is nothing of it."""
        assert query.context is not None
        models = await self._models(query, deadline)
        if not query.rev_ids:
            return Answer(query.context, await self._information(query, models, deadline))
        if query.model_info is None:
            told = await self._told(query, models, deadline)
            information = {name: _version(model, told) for name, model in models.items()}
        else:
            told, information = await asyncio.gather(
                self._told(query, models, deadline), self._information(query, models, deadline)
            )
        return Answer(query.context, information, _scores(query, models, told))

    async def _models(self, query: Query, deadline: Deadline) -> dict[str, Model]:
        assert query.context is not None
        if query.models:
            return await self.directory.choose(query.context, query.models, deadline)
        return await self.directory.models_of(query.context, deadline)

    async def _information(
        self, query: Query, models: Mapping[str, Model], deadline: Deadline
    ) -> dict[str, dict[str, Any]]:
        """What is asked for of each model; without `model_info` its version. Raises Failure."""
        if query.model_info is None:
            return await self._versions(query, models, deadline)
        calls = (self._inform(query, model, deadline) for model in models.values())
        return dict(zip(models, await asyncio.gather(*calls)))

    async def _versions(
        self, query: Query, models: Mapping[str, Model], deadline: Deadline
    ) -> dict[str, dict[str, Any]]:
        """The versions of the models. Raises Failure for one that cannot be told, unless all of a
        wiki are asked for: clients keep what they are told here."""
        await self.directory.learn({model.server for model in models.values()}, deadline)
        fresh = await self.directory.choose(query.context or "", tuple(models), deadline)
        known = {name: {"version": model.version} for name, model in fresh.items() if model.version}
        if not known or (query.models and len(known) < len(fresh)):
            raise cannot_tell()
        return known

    async def _inform(self, query: Query, model: Model, deadline: Deadline) -> dict[str, Any]:
        name = f"{query.context}-{model.kind}"
        path = f"/v1/models/{name}/info?model_info={quote(query.model_info or '', safe='')}"
        reply = await self._client.call(model.server, path, deadline)
        if reply.status != 200:
            failure = reply.failure()
            text = f"Model information could not be retrieved for {name}: {failure.message}"
            raise Failure(failure.status, text, failure.retry_after)
        document: dict[str, Any] = orjson.loads(reply.body)[query.context]["models"][model.kind]
        return document

    async def _told(
        self, query: Query, models: Mapping[str, Model], deadline: Deadline
    ) -> dict[Server, _Told]:
        """What each server says. Raises Failure if none of them says anything."""
        assert query.context is not None
        kinds: dict[Server, list[str]] = {}
        for model in models.values():
            if model.kind not in kinds.setdefault(model.server, []):
                kinds[model.server].append(model.kind)
        rev_ids = [rev_id for rev_id in query.rev_ids if 0 < rev_id <= MAX_INTEGER]
        if not rev_ids:
            return {server: _Told() for server in kinds}
        calls = (self._ask(query, one, kinds[one], rev_ids, deadline) for one in kinds)
        told = dict(zip(kinds, await asyncio.gather(*calls)))
        failures = [one.failure for one in told.values() if one.failure and not one.entries]
        if any(failure.status in (400, 404) for failure in failures):
            # Perhaps not all of the models are there, which was asked for now.
            await self.directory.choose(query.context, tuple(models), deadline)
        if len(failures) == len(told):
            raise of_all(failures)
        return told

    async def _ask(
        self,
        query: Query,
        server: Server,
        kinds: Sequence[str],
        rev_ids: Sequence[int],
        deadline: Deadline,
    ) -> _Told:
        """What one server says, in as few calls as its batches allow. Raises nothing of its own."""
        parts = [
            rev_ids[first : first + self._max_revisions]
            for first in range(0, len(rev_ids), self._max_revisions)
        ]
        told = _Told()
        for one in await asyncio.gather(
            *(self._ask_once(query, server, kinds, part, deadline) for part in parts)
        ):
            told.versions |= one.versions
            told.entries |= one.entries
            told.failure = one.failure or told.failure
        return told

    async def _ask_once(
        self,
        query: Query,
        server: Server,
        kinds: Sequence[str],
        rev_ids: Sequence[int],
        deadline: Deadline,
    ) -> _Told:
        body: dict[str, Any] = {"rev_ids": rev_ids, "models": kinds}
        if query.features:
            body["extended_output"] = True
        inject = {str(it): query.inject[it] for it in rev_ids if it in query.inject}
        if inject:
            body["inject"] = inject
        try:
            reply = await self._client.call(server, "/v1/scores", deadline, orjson.dumps(body))
            if reply.status == 413 and len(rev_ids) > 1:
                return await self._ask_in_halves(query, server, kinds, rev_ids, deadline)
            if reply.status != 200:
                raise reply.failure()
            return _read(reply.body, query.context or "")
        except Failure as failure:
            if failure.status in (400, 404):
                await self.directory.learn({server}, deadline)
            return _Told(failure=failure)

    async def _ask_in_halves(
        self,
        query: Query,
        server: Server,
        kinds: Sequence[str],
        rev_ids: Sequence[int],
        deadline: Deadline,
    ) -> _Told:
        """What a server says whose batches are smaller."""
        middle = len(rev_ids) // 2
        first = await self._ask_once(query, server, kinds, rev_ids[:middle], deadline)
        second = await self._ask_once(query, server, kinds, rev_ids[middle:], deadline)
        return _Told(
            first.versions | second.versions,
            first.entries | second.entries,
            first.failure or second.failure,
        )


def _read(body: bytes, context: str) -> _Told:
    """What a server's answer says. Raises Failure if it is none."""
    try:
        document = orjson.loads(body)[context]
        versions = {kind: model["version"] for kind, model in document["models"].items()}
        entries = {int(rev_id): entry for rev_id, entry in document["scores"].items()}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise Failure(502, "The model server's answer cannot be used.") from None
    return _Told(versions, entries)


def _version(model: Model, told: Mapping[Server, _Told]) -> dict[str, Any]:
    return {"version": told[model.server].versions.get(model.kind, model.version)}


def _scores(
    query: Query, models: Mapping[str, Model], told: Mapping[Server, _Told]
) -> dict[int, dict[str, Entry]]:
    """The entries in the order in which they were asked for, an error where there is no score."""
    return {
        rev_id: {
            name: _entry(rev_id, model.kind, told[model.server]) for name, model in models.items()
        }
        for rev_id in query.rev_ids
    }


def _entry(rev_id: int, kind: str, told: _Told) -> Entry:
    entry = told.entries.get(rev_id, {}).get(kind)
    if entry is not None:
        return entry
    if not 0 < rev_id <= MAX_INTEGER:
        text = f"RevisionNotFound: Could not find revision ({{revision}}:{rev_id})"
        return {"error": {"type": "RevisionNotFound", "message": text}}
    failure = told.failure or Failure(502, "The model server's answer lacks this score.")
    return failure.in_place()
