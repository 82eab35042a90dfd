"""From an article to its topics: what MediaWiki and the predictor are asked, what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import BadRequest, Overloaded, ServingError, TooManyRequests
from liftwing_serving.mediawiki import RevisionGone, Wiki
from liftwing_serving.outlink.topics import Topics
from liftwing_serving.outlink.transformer import Publishing, Transformer
from support.events import page_change, revision_create

TOPICS = [("STEM.Physics", 0.75), ("Culture.Media", 0.5), ("History", 0.25)]
TITLED = {"lang": "zh-min-nan", "page_title": "Gannet"}


class FakeLinks:
    """Pages link to Q1 and Q2, revisions to Q3; remembers what it was asked."""

    def __init__(self, items: list[str] | None = None) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.items = items
        self.gone: RevisionGone | None = None

    async def of_page(
        self, wiki: Wiki, title: str | None, page_id: int | None, deadline: Deadline
    ) -> list[str]:
        self.asked.append((wiki, title, page_id))
        await asyncio.sleep(0)
        return ["Q1", "Q2"] if self.items is None else self.items

    async def of_revision(self, wiki: Wiki, rev_id: int, deadline: Deadline) -> list[str]:
        self.asked.append((wiki, rev_id))
        if self.gone:
            raise self.gone
        return ["Q3"]


class FakePredictor:
    """Says TOPICS of everything, or what it was told to raise."""

    def __init__(self, error: ServingError | None = None) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.error = error

    async def topics(self, fields: Mapping[str, Any], deadline: Deadline) -> Topics:
        self.asked.append(fields)
        if self.error:
            raise self.error
        return [topic for topic in TOPICS if topic[1] >= fields["threshold"]]

    async def close(self) -> None:
        pass


class FakeSender:
    """Keeps what is emitted."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    async def emit(self, event: dict[str, Any]) -> None:
        self.events.append(event)


class Case:
    """A transformer between fakes."""

    def __init__(self, error: ServingError | None = None, items: list[str] | None = None) -> None:
        self.links = FakeLinks(items)
        self.predictor = FakePredictor(error)
        self.sender = FakeSender()
        self.transformer = Transformer(
            self.links,  # type: ignore[arg-type]
            self.predictor,
            "http://wiki.example",
            Publishing(self.sender, "test.topics", "7"),  # type: ignore[arg-type]
        )

    async def ask(self, **fields: Any) -> dict[str, Any]:
        request = self.transformer.read(fields)
        return await self.transformer.answer(request, Deadline.after(60))


async def test_an_article_becomes_the_topics_at_or_above_the_threshold() -> None:
    case = Case()
    assert await case.ask(**TITLED) == {
        "prediction": {
            "article": "https://zh-min-nan.wikipedia.org/wiki/Gannet",
            "results": [
                {"topic": "STEM.Physics", "score": 0.75},
                {"topic": "Culture.Media", "score": 0.5},
            ],
        }
    }
    wiki = Wiki("http://wiki.example", "zh-min-nan.wikipedia.org")
    assert case.links.asked == [(wiki, "Gannet", None)]
    assert case.predictor.asked == [
        {
            "features_str": "Q1 Q2",
            "lang": "zh-min-nan",
            "page_id": None,
            "page_title": "Gannet",
            "threshold": 0.5,
            "debug": False,
        }
    ]
    assert case.sender.events == []


async def test_without_an_address_each_wikipedia_is_asked_at_its_own() -> None:
    links = FakeLinks()
    transformer = Transformer(links, FakePredictor())  # type: ignore[arg-type]
    request = transformer.read({"lang": "en", "page_id": 7})
    await transformer.answer(request, Deadline.after(60))
    assert links.asked == [(Wiki("https://en.wikipedia.org"), None, 7)]


async def test_a_revisions_outlinks_are_asked_for_in_place_of_the_present_ones() -> None:
    case = Case()
    await case.ask(**TITLED, revision_id=9)
    assert case.links.asked[0][1] == 9
    assert case.predictor.asked[0]["features_str"] == "Q3"


async def test_items_of_the_client_skip_mediawiki() -> None:
    case = Case()
    await case.ask(**TITLED, features_str="Q7")
    assert case.links.asked == []
    assert case.predictor.asked[0]["features_str"] == "Q7"


async def test_debug_shows_all_topics() -> None:
    document = await Case().ask(**TITLED, debug=True)
    assert len(document["prediction"]["results"]) == 3


async def test_nothing_is_never_scored() -> None:
    case = Case(items=[])
    with pytest.raises(BadRequest, match="No matching article or the page has no outlinks"):
        await case.ask(**TITLED)
    assert case.predictor.asked == []


async def test_a_deleted_revision_is_a_bad_request_that_names_it() -> None:
    case = Case()
    case.links.gone = RevisionGone("nosuchrevid")
    with pytest.raises(BadRequest) as caught:
        await case.ask(**TITLED, revision_id=9)
    assert caught.value.message == (
        "Cannot fetch revision 9 on zh-min-nan.wikipedia.org: MediaWiki API error 'nosuchrevid'."
    )


async def test_requests_for_one_article_at_a_time_share_its_links() -> None:
    case = Case()
    documents = await asyncio.gather(
        case.ask(**TITLED), case.ask(**TITLED, threshold=0.7), case.ask(**TITLED, revision_id=9)
    )
    assert len(case.links.asked) == 2
    assert [len(document["prediction"]["results"]) for document in documents] == [2, 1, 2]


async def test_a_page_change_becomes_an_event_with_all_probabilities() -> None:
    case = Case()
    document = await case.ask(event=page_change(), threshold=0.5)
    assert len(document["prediction"]["results"]) == 2
    (event,) = case.sender.events
    assert event["predicted_classification"] == {
        "model_name": "outlink-topic-model",
        "model_version": "7",
        "predictions": ["STEM.Physics", "Culture.Media"],
        "probabilities": dict(TOPICS),
    }
    assert event["meta"]["stream"] == "test.topics"


async def test_a_revision_create_event_is_answered_and_becomes_none() -> None:
    case = Case()
    document = await case.ask(event=revision_create())
    assert len(document["prediction"]["results"]) == 2
    assert case.sender.events == []


@pytest.mark.parametrize(
    ("fields", "kind"), [(TITLED, TooManyRequests), ({"event": page_change()}, Overloaded)]
)
async def test_an_overloaded_predictor_is_told_in_the_askers_terms(
    fields: dict[str, Any], kind: type[ServingError]
) -> None:
    with pytest.raises(kind) as caught:
        await Case(TooManyRequests(7)).ask(**fields)
    assert caught.value.retry_after == 7
