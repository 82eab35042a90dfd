"""What the transformer is asked, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.errors import BadRequest
from liftwing_serving.outlink.requests import Article, OutlinkRequest, outlink_request
from liftwing_serving.wikipedias import Wikipedia
from support.events import page_change, revision_create

EN = Wikipedia("enwiki", "en")
TITLED = {"lang": "en", "page_title": "Gannet"}


def refusal(**fields: Any) -> str:
    with pytest.raises(BadRequest) as caught:
        outlink_request(fields)
    return caught.value.message


def test_a_title_or_an_id_names_the_article() -> None:
    assert outlink_request(TITLED) == OutlinkRequest(Article(EN, title="Gannet"), 0.5)
    by_id = outlink_request({"lang": "en", "page_id": 7, "revision_id": 9})
    assert by_id.article == Article(EN, page_id=7, revision_id=9)


def test_lang_wins_over_wiki_id() -> None:
    fields = {"lang": "de", "wiki_id": "enwiki", "page_id": 7}
    assert outlink_request(fields).article.wiki.database == "dewiki"
    assert outlink_request({"wiki_id": "enwiki", "page_id": 7}).article.wiki == EN


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, 'Missing "lang" in input data.'),
        ({"lang": 3}, 'Expected "lang" to be a string.'),
        ({"lang": "xx"}, "Unknown lang: xx"),
        ({"lang": "en.evil.example/"}, "Unknown lang: en.evil.example/"),
        ({"wiki_id": 3}, 'Expected "wiki_id" to be a string.'),
        ({"wiki_id": "wikidatawiki"}, "Unknown wiki_id: wikidatawiki"),
        ({"lang": "en"}, "You must pass either `page_title` or `page_id`."),
        (
            {**TITLED, "page_id": 7},
            "Detected both `page_title` and `page_id` in the request. "
            "Please pass only one of those.",
        ),
        ({"lang": "en", "page_title": 3}, 'Expected "page_title" to be a string.'),
        ({"lang": "en", "page_title": " "}, 'Expected "page_title" to be the title of a page.'),
        ({"lang": "en", "page_title": "A|B"}, 'Expected "page_title" to be the title of a page.'),
        ({"lang": "en", "page_title": "A\nB"}, 'Expected "page_title" to be the title of a page.'),
        ({"lang": "en", "page_id": "7"}, 'Expected "page_id" to be an integer.'),
        ({"lang": "en", "page_id": 0}, 'Expected "page_id" to be a positive integer.'),
        ({**TITLED, "revision_id": True}, 'Expected "revision_id" to be an integer.'),
        ({**TITLED, "threshold": "0.5"}, 'Expected "threshold" to be a float'),
        ({**TITLED, "threshold": True}, 'Expected "threshold" to be a float'),
        ({**TITLED, "threshold": 1.1}, 'Expected "threshold" to be a float from 0 to 1'),
        ({**TITLED, "threshold": -1}, 'Expected "threshold" to be a float from 0 to 1'),
        ({**TITLED, "debug": 1}, 'Expected "debug" to be a boolean.'),
        ({**TITLED, "features_str": ["Q1"]}, 'Expected "features_str" to be a string.'),
        ({**TITLED, "features_str": " \n"}, "No matching article or the page has no outlinks"),
        (
            {"event": revision_create(database="wikidatawiki", page_title="Q1")},
            "This model is not recommended for use in projects outside of Wikipedia",
        ),
        (
            {"event": page_change(wiki_id="commonswiki")},
            "This model is not recommended for use in projects outside of Wikipedia",
        ),
    ],
)
def test_what_is_wrong_is_said_in_the_words_that_clients_know(
    fields: dict[str, Any], text: str
) -> None:
    assert refusal(**fields) == text


@pytest.mark.parametrize(
    ("fields", "threshold"),
    [({"threshold": 0}, 0.0), ({"threshold": 1}, 1.0), ({"debug": True, "threshold": 0.9}, 0.0)],
)
def test_a_threshold_may_be_an_integer_and_debug_shows_all(
    fields: dict[str, Any], threshold: float
) -> None:
    assert outlink_request({**TITLED, **fields}).threshold == threshold


def test_items_of_the_client_stand_on_one_line() -> None:
    assert outlink_request({**TITLED, "features_str": " Q1\nQ2  Q3 "}).features == "Q1 Q2 Q3"


def test_an_event_overrides_the_fields_beside_it() -> None:
    event = page_change(wiki_id="dewiki")
    request = outlink_request({"lang": "en", "page_id": 7, "event": event})
    assert request.article == Article(Wikipedia("dewiki", "de"), title="Wikipedia:Sandbox")
    assert request.event is not None and request.event.change is not None


@pytest.mark.parametrize(
    ("article", "url"),
    [
        (Article(EN, title="Gannet"), "https://en.wikipedia.org/wiki/Gannet"),
        (Article(EN, title="Où? C#"), "https://en.wikipedia.org/wiki/O%C3%B9%3F%20C%23"),
        (Article(EN, page_id=7), "https://en.wikipedia.org/wiki?curid=7"),
    ],
)
def test_the_address_of_an_article(article: Article, url: str) -> None:
    assert article.url == url


@given(name=st.text(), field=st.sampled_from(["lang", "wiki_id"]))
def test_no_name_of_a_client_reaches_a_host(name: str, field: str) -> None:
    try:
        wiki = outlink_request({field: name, "page_id": 1}).article.wiki
    except BadRequest:
        return
    assert wiki.host.removesuffix(".wikipedia.org").replace("-", "").isalnum()
