"""Finished scores in the cache: under which names, and as which bytes.

A name has all that a score depends on and that a request can say: model, version, revision, and
whether features go with it. What else can change is not in it (docs/api.md, "Kept scores").
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import orjson

from liftwing_serving import metrics
from liftwing_serving.cache import Cache, fresh_wanted
from liftwing_serving.errors import ResourceMissing, RevisionMissing
from liftwing_serving.revscoring.requests import ScoreRequest
from liftwing_serving.revscoring.tasks import ModelInfo, Score, Scores

# Names what follows, for whoever else uses the same Redis; another form of it gets another number.
PREFIX = "liftwing-score:1"


class KeptScores:
    """The cache as a scorer uses it, for models that report these versions."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._versions: Mapping[str, str] = {}

    def serve(self, models: Mapping[str, ModelInfo]) -> None:
        """Keep scores of these models from now on."""
        self._versions = {name: info.version for name, info in models.items()}

    async def find(self, request: ScoreRequest) -> Scores | None:
        """The scores of all the request's models, or None if one is not kept, or none is wanted."""
        if is_fresh(request):
            metrics.count_cache("bypass")
            return None
        names = self._names(request)
        values = [self._cache.get(name) for name in names]
        result = "hit"
        if self._cache.is_shared and None in values:
            result = "shared_hit"
            values = await asyncio.gather(*map(self._cache.look_up, names))
        found = [value for value in values if value is not None]
        if len(found) < len(names):
            metrics.count_cache("miss")
            return None
        metrics.count_cache(result)
        return dict(zip(request.models, map(_score, found)))

    async def find_all(self, requests: Sequence[ScoreRequest]) -> list[Scores | None]:
        """The same for several requests."""
        return await asyncio.gather(*map(self.find, requests))

    def keep(self, request: ScoreRequest, scores: Scores) -> None:
        """Keep what there is of them. A part that is missing now may have been there before."""
        if request.injection:
            return
        for name, model in zip(self._names(request), request.models):
            score = scores[model]
            if isinstance(score, Score):
                self._cache.put(name, _bytes(score, request.extended_output))
            elif isinstance(score, ResourceMissing):
                self.forget(request, score)

    def forget(self, request: ScoreRequest, error: Exception) -> None:
        """Keep nothing of a revision that the error says is hidden or gone."""
        if isinstance(error, RevisionMissing | ResourceMissing):
            for model in request.models:
                for extended_output in (False, True):
                    self._cache.remove(self._name(model, request.rev_id, extended_output))

    def _names(self, request: ScoreRequest) -> list[str]:
        return [
            self._name(model, request.rev_id, request.extended_output) for model in request.models
        ]

    def _name(self, model: str, rev_id: int, extended_output: bool) -> str:
        kind = "features" if extended_output else "score"
        return f"{PREFIX}:{model}:{self._versions[model]}:{rev_id}:{kind}"


def is_fresh(request: ScoreRequest) -> bool:
    """Whether the request wants no kept score, or one of other features than the revision's, or
    tells that the revision may be hidden by now."""
    may_hide = request.event is not None and request.event.may_hide
    return fresh_wanted() or bool(request.injection) or may_hide


def _bytes(score: Score, extended_output: bool) -> bytes:
    # As the answer has them: what JSON does to a value is done but once.
    return orjson.dumps([score.document, score.features if extended_output else {}])


def _score(value: bytes) -> Score:
    document, features = orjson.loads(value)
    return Score(document, features, 0.0, 0.0)
