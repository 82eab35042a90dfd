"""The outlink transformer as `server/` serves it: asks MediaWiki, then the predictor."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liftwing_serving import logs
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import BadRequest, Overloaded, TooManyRequests
from liftwing_serving.events import Classification, EventSender, prediction_event
from liftwing_serving.mediawiki import Links, RevisionGone, Wiki
from liftwing_serving.outlink import schemas
from liftwing_serving.outlink.clients import PredictorClient
from liftwing_serving.outlink.requests import Article, OutlinkRequest, outlink_request
from liftwing_serving.outlink.topics import MODEL, NO_LINKS, Topics
from liftwing_serving.server import Servable
from liftwing_serving.singleflight import SingleFlight


@dataclass(frozen=True, slots=True)
class Publishing:
    """Where prediction events go, and what they say of the model."""

    sender: EventSender
    stream: str
    model_version: str


class Transformer(Servable[OutlinkRequest]):
    """Turns an article into the items that it links to, and these into topics.

    `wiki_url` is that of a MediaWiki that answers for every Wikipedia; None asks each at its host.
    """

    platform = "outlinks"
    request_schema = schemas.OUTLINK_REQUEST
    answer_schema = schemas.OUTLINK_ANSWER

    def __init__(
        self,
        links: Links,
        predictor: PredictorClient,
        wiki_url: str | None = None,
        publishing: Publishing | None = None,
    ) -> None:
        super().__init__(MODEL)
        self._links = links
        self._predictor = predictor
        self._wiki_url = wiki_url
        self._publishing = publishing
        self._features: SingleFlight[Article, str] = SingleFlight()

    def read(self, fields: dict[str, Any]) -> OutlinkRequest:
        """An article, from the fields that docs/api.md lists. Raises BadRequest."""
        request = outlink_request(fields)
        logs.note(article=request.article.url)
        return request

    async def answer(self, request: OutlinkRequest, deadline: Deadline) -> dict[str, Any]:
        """The article's topics; its event, if any, is handed to the sender.

        Raises BadRequest where there is nothing to predict from, what `Links` and the predictor's
        client raise, and Unavailable if the event cannot be kept.
        """
        publishing = self._publishing if request.event and request.event.change else None
        features = request.features or await self._features_of(request.article, deadline)
        # An event tells the probabilities of all topics.
        threshold = 0.0 if publishing else request.threshold
        question = _question(request.article, features, threshold)
        try:
            topics = await self._predictor.topics(question, deadline)
        except TooManyRequests as error:
            # Event streams repeat a request on 503 only.
            raise Overloaded(error.retry_after or 1) if request.event else error from None
        predicted = [topic for topic in topics if topic[1] >= request.threshold]
        if publishing and request.event and request.event.change:
            event = _event(request.event.change, publishing, topics, predicted)
            await publishing.sender.emit(event)
        return _document(request.article, predicted)

    async def _features_of(self, article: Article, deadline: Deadline) -> str:
        fetch = functools.partial(self._fetch, article, deadline)
        return await self._features.run(article, deadline, fetch)

    async def _fetch(self, article: Article, deadline: Deadline) -> str:
        """The items of the article's outlinks, with spaces between. Raises BadRequest for none."""
        wiki = Wiki(f"https://{article.wiki.host}")
        if self._wiki_url:
            wiki = Wiki(self._wiki_url, article.wiki.host)
        try:
            if article.revision_id is not None:
                items = await self._links.of_revision(wiki, article.revision_id, deadline)
            else:
                items = await self._links.of_page(wiki, article.title, article.page_id, deadline)
        except RevisionGone as gone:
            raise revision_gone(article, gone) from None
        if not items:
            raise BadRequest(NO_LINKS)
        return " ".join(items)


def revision_gone(article: Article, gone: RevisionGone) -> BadRequest:
    """What is told of an article's revision that the wiki does not show."""
    return BadRequest(
        f"Cannot fetch revision {article.revision_id} on {article.wiki.host}: "
        f"MediaWiki API error '{gone.code}'."
    )


def _question(article: Article, features: str, threshold: float) -> dict[str, Any]:
    """The predictor's V1 fields."""
    return {
        "features_str": features,
        "lang": article.wiki.code,
        "page_id": article.page_id,
        "page_title": article.title,
        "threshold": threshold,
        "debug": threshold == 0,
    }


def _document(article: Article, predicted: Topics) -> dict[str, Any]:
    results = [{"topic": topic, "score": score} for topic, score in predicted]
    return {"prediction": {"article": article.url, "results": results}}


def _event(
    change: Mapping[str, Any], publishing: Publishing, topics: Topics, predicted: Topics
) -> dict[str, Any]:
    classification = Classification(
        model_name=MODEL,
        model_version=publishing.model_version,
        predictions=[topic for topic, _ in predicted],
        probabilities=dict(topics),
    )
    return prediction_event(change, classification, publishing.stream, str(uuid.uuid4()))
