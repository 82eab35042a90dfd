"""A share of the extractions is compared with the library's, whose values are then the answer."""

from __future__ import annotations

import logging
import random
import warnings
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving.revscoring.extraction import Plan, checking
from liftwing_serving.revscoring.loading import make_handler
from liftwing_serving.revscoring.tasks import ExtractAndPredict, Extraction, ModelFile
from support.made_up import revisions_of
from support.models import write_model

NAME = "enwiki-damaging"
CHARS = "feature.wikitext.revision.chars"


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from revscoring.features import wikitext

        path = tmp_path_factory.mktemp("model") / "model.bin"
        write_model(path, [wikitext.revision.chars, wikitext.revision.words], trees=5)
    return path


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each planned feature is one too large."""
    fill = Plan.fill

    def fill_wrongly(plan: Plan, cache: dict[Any, Any], texts: Any) -> None:
        fill(plan, cache, texts)
        cache.update({dependent: value + 1 for dependent, value in cache.items()})

    monkeypatch.setattr(Plan, "fill", fill_wrongly)


def score(path: Path, extraction: Extraction) -> Any:
    (documents,) = revisions_of("enwiki", [(None, "one two three")], "")
    handler = make_handler([ModelFile(NAME, path)], extraction)
    return handler(ExtractAndPredict((NAME,), documents))[NAME]


def test_what_is_checked_and_equal_says_so(model_file: Path) -> None:
    assert score(model_file, Extraction(checked_share=1)).checked is True
    assert score(model_file, Extraction()).checked is None


def test_a_difference_is_logged_and_the_librarys_values_are_the_answer(
    wrong: None, model_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        checked = score(model_file, Extraction(checked_share=1))
    assert checked.checked is False
    assert checked.features[CHARS] == len("one two three")
    assert f"accelerated values differ: {CHARS}" in caplog.text
    assert score(model_file, Extraction()).features[CHARS] == len("one two three") + 1


def test_without_acceleration_all_is_the_librarys(wrong: None, model_file: Path) -> None:
    plain = score(model_file, Extraction(accelerated=False, checked_share=1))
    assert plain.features[CHARS] == len("one two three")
    assert plain.checked is None


def test_a_sample_takes_about_its_share() -> None:
    sample = checking.Sample(0.1, random.Random(1))
    assert 70 < sum(sample.takes_next() for _ in range(1000)) < 130
    assert not any(checking.Sample(0.0).takes_next() for _ in range(1000))
    assert all(checking.Sample(1.0).takes_next() for _ in range(1000))


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (True, 1), (0.0, -0.0), (0.1 + 0.2, 0.3), ([1.0, 2.0], [1.0, 2]), ([1], [1, 1])],
)
def test_values_differ_in_their_last_bit_and_in_type(one: Any, other: Any) -> None:
    assert not checking.same(one, other)
    assert checking.same(one, one) and checking.same(float("nan"), float("nan"))
