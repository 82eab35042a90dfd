"""What the predictor is asked and answers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from liftwing_serving.errors import BadRequest
from liftwing_serving.outlink.topics import topic_request, topics_document


def test_the_answer_repeats_the_page_and_shows_topics_as_pairs() -> None:
    fields = {"features_str": "Q1 Q2", "lang": "en", "page_id": None, "page_title": "Gannet"}
    request = topic_request({**fields, "threshold": 0.25})
    assert (request.features, request.threshold) == ("Q1 Q2", 0.25)
    document = topics_document(request, b'[["STEM.Physics",0.75]]')
    assert orjson.loads(orjson.dumps(document)) == {
        "topics": [["STEM.Physics", 0.75]],
        "lang": "en",
        "page_id": None,
        "page_title": "Gannet",
    }


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, 'Expected "features_str" in input data.'),
        ({"features_str": 7}, 'Expected "features_str" to be a string.'),
        ({"features_str": ""}, "No matching article or the page has no outlinks"),
        ({"features_str": "Q1", "threshold": None}, 'Expected "threshold" to be a float'),
    ],
)
def test_what_cannot_be_predicted_from_is_refused(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        topic_request(fields)
    assert caught.value.message == text
