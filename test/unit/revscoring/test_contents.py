"""Wikitext where an item should be, an item where wikitext should be, and JSON that is no item."""

from __future__ import annotations

import bz2
import dataclasses
import json
import warnings
from typing import Any

import pytest
from liftwing_serving.errors import ContentUnreadable
from liftwing_serving.mediawiki.documents import Documents, Page, Revision
from liftwing_serving.revscoring.loading import make_handler
from liftwing_serving.revscoring.tasks import ExtractAndPredict, ModelFile, Score
from support.models import write_model

ARTICLE = Revision(
    rev_id=12,
    parent_id=0,
    page=Page(page_id=5, namespace=0, title="Q42"),
    timestamp="2025-01-01T00:00:00Z",
    user="Alice",
    user_id=3,
    size=60,
    comment="new page",
    text="The '''sandbox''' is a place to play.",
    content_model="wikitext",
)


def item(text: str) -> Revision:
    return dataclasses.replace(ARTICLE, text=text, content_model="wikibase-item")


@pytest.fixture(scope="module")
def handler(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model of articles, compressed as those of drafts are, and one of items."""
    from revscoring.features import wikitext

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from articlequality.feature_lists.wikidatawiki import item_quality

    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "model.bin", [wikitext.revision.chars], trees=5)
    (folder / "model.bz2").write_bytes(bz2.compress((folder / "model.bin").read_bytes()))
    write_model(folder / "items.bin", item_quality, trees=5)
    files = [ModelFile("article", folder / "model.bz2"), ModelFile("item", folder / "items.bin")]
    return make_handler(files)


def answer(handler: Any, name: str, revision: Revision) -> Any:
    (score,) = handler(ExtractAndPredict((name,), Documents(revision))).values()
    return score


def test_an_item_is_no_wikitext(handler: Any) -> None:
    assert isinstance(answer(handler, "article", ARTICLE), Score)
    error = answer(handler, "article", item("{}"))
    assert error.message == (
        "Unexpected content type for rev-id 12: "
        "Expected wikitext, but the content model is wikibase-item."
    )


def test_wikitext_is_no_item(handler: Any) -> None:
    error = answer(handler, "item", ARTICLE)
    assert isinstance(error, ContentUnreadable)
    assert error.message.startswith(
        "Unexpected content type for rev-id 12: "
        "UnexpectedContentType: Expected content of type JSON, but the following"
    )


@pytest.mark.parametrize(
    "text",
    [
        # MediaWiki's PHP writes an empty map as a list.
        '{"type": "item", "id": "Q42", "labels": [], "claims": [], "sitelinks": {}}',
        '{"entity": "Q42", "redirect": "Q64"}',
        "{}",
    ],
)
def test_an_item_without_statements_is_scored(text: str, handler: Any) -> None:
    score = answer(handler, "item", item(text))
    assert isinstance(score, Score)
    assert score.features["feature.len(<datasource.wikibase.revision.claim>)"] == 0


SNAK = {"property": "P31", "snaktype": "value"}
ENTITY_ID = {"type": "wikibase-entityid", "value": {"entity-type": "item", "id": "Q5"}}


@pytest.mark.parametrize(
    "document",
    [
        [1],
        "item",
        7,
        {"labels": {"en": "no object"}},
        {"claims": {"P31": [{"rank": "normal"}]}},
        {"claims": {"P31": [{"mainsnak": SNAK | {"datavalue": {"value": 1}}}]}},
        {"sitelinks": {"enwiki": {"title": "T", "badges": None}}},
    ],
)
def test_json_that_is_no_item_is_refused_and_no_defect(document: object, handler: Any) -> None:
    error = answer(handler, "item", item(json.dumps(document)))
    assert isinstance(error, ContentUnreadable), error
    assert error.message.startswith("Unexpected content type for rev-id 12: Expected a")


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"x": 1' + "0" * 5000 + "}", '{"id": "Q4'])
def test_what_json_cannot_be_read_from_is_refused(text: str, handler: Any) -> None:
    error = answer(handler, "item", item(text))
    assert isinstance(error, ContentUnreadable), error
    assert len(error.message) < 250


def test_a_defect_of_a_feature_stays_a_defect(
    handler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> object:
        raise ZeroDivisionError

    *_, last = handler._models["item"].features
    monkeypatch.setattr(last, "process", broken)
    full = {"claims": {"P31": [{"mainsnak": SNAK | {"datavalue": ENTITY_ID}}]}}
    with pytest.raises(Exception, match="Failed to process"):
        answer(handler, "item", item(json.dumps(full)))
