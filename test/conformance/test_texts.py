"""The texts that clients match, and what is refused with them."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.asking import Server, error_of
from conformance.document import Document

UNKNOWN_REVISION = 2**53 - 1
OTHER_SCHEMA = "/mediawiki/page/delete/1.0.0"

# By a field that only the requests of this kind of model have.
REVSCORING: list[tuple[dict[str, Any], str]] = [
    ({}, 'Expected "rev_id" in input data.'),
    ({"rev_id": "1"}, 'Expected "rev_id" to be an integer.'),
    (
        {"event": {"$schema": OTHER_SCHEMA}},
        f"Unsupported event of schema {OTHER_SCHEMA}, the rev_id value cannot be determined.",
    ),
]
OUTLINKS: list[tuple[dict[str, Any], str]] = [
    ({"page_title": "A"}, 'Missing "lang" in input data.'),
    ({"page_title": "A", "lang": 1}, 'Expected "lang" to be a string.'),
    ({"page_title": "A", "wiki_id": "none"}, "Unknown wiki_id: none"),
    (
        {"page_title": "A", "page_id": 1, "lang": "en"},
        "Detected both `page_title` and `page_id` in the request. "
        "Please pass only one of those.",
    ),
    ({"lang": "en"}, "You must pass either `page_title` or `page_id`."),
    (
        {"page_title": "A", "lang": "en", "threshold": "0.5"},
        'Expected "threshold" to be a float',
    ),
    (
        {
            "event": {
                "$schema": "/mediawiki/revision/create/2.0.0",
                "database": "wikidatawiki",
                "page_title": "Q1",
                "rev_id": 1,
            }
        },
        "This model is not recommended for use in projects outside of Wikipedia",
    ),
    (
        {"page_title": "A", "lang": "en", "features_str": ""},
        "No matching article or the page has no outlinks",
    ),
]


def texts(field: str, table: list[tuple[dict[str, Any], str]]) -> list[Any]:
    return [pytest.param(field, request, text, id=text) for request, text in table]


@pytest.mark.parametrize(
    ("field", "request_", "text"), [*texts("rev_id", REVSCORING), *texts("wiki_id", OUTLINKS)]
)
def test_a_refusal_has_the_text_that_clients_match(
    server: Server,
    model: str,
    document: Document,
    field: str,
    request_: dict[str, Any],
    text: str,
) -> None:
    if field not in document.fields():
        pytest.skip("for other models")
    assert error_of(server.predict(model, request_), 400) == text


def test_a_revision_that_the_wiki_does_not_have_is_refused(
    server: Server, model: str, document: Document, answer: Any
) -> None:
    if "rev_id" not in document.fields():
        pytest.skip("for other models")
    text = error_of(server.predict(model, {"rev_id": UNKNOWN_REVISION}), 400)
    told = "The MW API does not have any info related to the rev-id provided as input ({})"
    assert text.startswith(told.format(UNKNOWN_REVISION))


def test_an_event_of_another_wiki_is_refused(
    server: Server, model: str, document: Document
) -> None:
    if "rev_id" not in document.fields():
        pytest.skip("for other models")
    event = {
        "$schema": "/mediawiki/revision/create/2.0.0",
        "database": "nonewiki",
        "rev_id": 1,
    }
    text = error_of(server.predict(model, {"event": event}), 400)
    assert text.startswith("Event of wiki nonewiki sent to a server of "), text
