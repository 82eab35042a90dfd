"""Scores revisions of one wiki: fetches their documents, has them scored, shares both."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from liftwing_serving import metrics
from liftwing_serving.deadline import Deadline
from liftwing_serving.documents import Documents, Gone, Needs, Revision, User
from liftwing_serving.errors import DeadlineExceeded, RevisionMissing
from liftwing_serving.mediawiki import MediaWiki
from liftwing_serving.revscoring.engine import Engine
from liftwing_serving.revscoring.tasks import ModelInfo, Score

V = TypeVar("V")


class SingleFlight(Generic[V]):
    """Work by key: whoever asks while it is under way shares its result."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[V]] = {}

    async def run(
        self, key: Hashable, deadline: Deadline, work: Callable[[], Coroutine[Any, Any, V]]
    ) -> V:
        """The result of `work`, or of the same key's work under way.

        Shared work runs on its first asker's time: if that is over while this one still has some,
        the work is begun anew.
        """
        while True:
            flight = self._flights.get(key)
            joined = flight is not None and not flight.done()
            # One that is done has only not been cleared away yet: joining it would go in circles.
            if flight is None or flight.done():
                flight = asyncio.get_running_loop().create_task(work())
                self._flights[key] = flight
                flight.add_done_callback(functools.partial(self._landed, key))
            try:
                return await deadline.wait_for(asyncio.shield(flight), "it was scored")
            except DeadlineExceeded:
                if not joined or not flight.done() or deadline.passed():
                    raise

    def _landed(self, key: Hashable, flight: asyncio.Task[V]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            # Marks it as seen: everyone who waited may have left.
            flight.exception()


class ScoringService:
    """What all models of one server share. No state of a request outlives it here."""

    def __init__(self, wiki: str, mediawiki: MediaWiki, engine: Engine) -> None:
        self.wiki = wiki
        self.models: dict[str, ModelInfo] = {}
        self.needs = Needs()
        self._mediawiki = mediawiki
        self._engine = engine
        self._fetches: SingleFlight[Documents] = SingleFlight()
        self._scores: SingleFlight[Score] = SingleFlight()

    async def start(self) -> None:
        """Wait for the models to be loaded. Raises TemplateFailed."""
        self.models = {info.name: info for info in await self._engine.start()}
        self.needs = functools.reduce(Needs.__or__, (info.needs for info in self.models.values()))

    @property
    def alive(self) -> bool:
        """Whether anything is left that could score."""
        return bool(self.models) and self._engine.alive

    async def score(self, model: str, rev_id: int, deadline: Deadline) -> Score:
        """One model's score of one revision. Raises ServingError."""
        return await self._scores.run(
            (model, rev_id), deadline, lambda: self._fetch_and_score(model, rev_id, deadline)
        )

    async def close(self) -> None:
        """Stop the calls and the workers."""
        await self._mediawiki.close()
        await self._engine.close()

    async def _fetch_and_score(self, model: str, rev_id: int, deadline: Deadline) -> Score:
        started = time.perf_counter()
        documents = await self._fetches.run(rev_id, deadline, lambda: self._fetch(rev_id, deadline))
        metrics.observe_stage(model, "fetch", time.perf_counter() - started)
        return await self._engine.score(model, documents, deadline)

    async def _fetch(self, rev_id: int, deadline: Deadline) -> Documents:
        """The documents that the server's models need; parent and user side by side."""
        revision = await self._mediawiki.revision(rev_id, deadline)
        if revision is None:
            raise RevisionMissing(rev_id)
        parent, user = await asyncio.gather(
            self._parent(revision, deadline), self._user(revision, deadline)
        )
        return Documents(revision, parent, user)

    async def _parent(self, revision: Revision, deadline: Deadline) -> Revision | Gone | None:
        if not self.needs.parent or revision.parent_id == 0:
            return None
        return await self._mediawiki.revision(revision.parent_id, deadline) or Gone.MISSING

    async def _user(self, revision: Revision, deadline: Deadline) -> User | Gone | None:
        if not self.needs.user or revision.user is None or not revision.user_id:
            return None
        return await self._mediawiki.user(revision.user, deadline) or Gone.MISSING
