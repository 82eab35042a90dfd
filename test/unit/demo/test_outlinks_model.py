"""What the demo's outlink model learns from, and whether it has to be trained again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from liftwing_demo import outlinks
from liftwing_demo.outlinks import record
from liftwing_demo.outlinks.card import render_card
from liftwing_demo.outlinks.examples import MAX_ITEMS, read_examples
from liftwing_demo.outlinks.record import TopicReport, write_record
from liftwing_demo.wiki.store import WikiStore

REPORT = TopicReport("0.1.0", 77, 26, 20, 0.69, 0.25, 0.09)


def test_every_article_with_links_is_an_example(store: WikiStore) -> None:
    examples = list(read_examples(store))
    assert len(examples) > 90
    assert all(0 < len(example.items) <= MAX_ITEMS for example in examples)
    assert all(len(set(example.items)) == len(example.items) for example in examples)
    assert sum(bool(example.topics) for example in examples) > 50


def test_a_model_is_trained_again_for_another_wiki_or_recipe(
    wiki_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not outlinks.model_is_current(wiki_path, tmp_path)
    write_record(wiki_path, tmp_path, REPORT)
    assert not outlinks.model_is_current(wiki_path, tmp_path), "there is no model"
    file = outlinks.model_file(tmp_path)
    file.parent.mkdir()
    file.write_bytes(b"model")
    assert outlinks.model_is_current(wiki_path, tmp_path)
    assert outlinks.read_report(tmp_path) == REPORT
    monkeypatch.setattr(record, "PIECES", 3)
    assert not outlinks.model_is_current(wiki_path, tmp_path)
    monkeypatch.undo()
    (tmp_path / record.RECORD).write_text(json.dumps({"identity": {}, "report": {}}))
    assert not outlinks.model_is_current(wiki_path, tmp_path)


def test_the_card_shows_what_was_measured() -> None:
    card = render_card(REPORT, {"seed": "7"})
    assert "| outlink-topic-model | 0.1.0 | 77 | 26 (20 topics) | 0.690 | 0.250 | 0.090 |" in card
