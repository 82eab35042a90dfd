"""Models share the values of a name only if they mean the same by it."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from liftwing_serving.mediawiki.documents import Documents, Page, Revision
from liftwing_serving.revscoring.loading import make_handler
from liftwing_serving.revscoring.sharing import Definitions, definitions_of, groups
from liftwing_serving.revscoring.tasks import ExtractAndPredict, ModelFile
from support.models import write_model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from revscoring.datasources import Datasource
    from revscoring.datasources.meta import filters
    from revscoring.features import Feature, wikitext
    from revscoring.features.meta import aggregators


def links(pattern: str) -> Any:
    """A feature with the same name whatever it counts, as the packages of lists have them."""
    return wikitext.revision.wikilink_titles_matching(pattern, name="some.revision.links")


def unpickled(*features: Any) -> Definitions:
    """As of a model of its own, in memory of its own."""
    return definitions_of(pickle.loads(pickle.dumps(features)))


def counted(words: Any) -> Any:
    made = Datasource("some.datasource", len, depends_on=[words])
    return Feature("some.feature", len, returns=int, depends_on=[made])


def matching(pattern: str) -> Any:
    """A feature that has its own pattern and method of the pattern, beside a compiled one."""
    words = wikitext.revision.datasources.words
    return aggregators.len(
        filters.regex_matching(re.compile(pattern), words, name="some.words"), name="some.length"
    )


SAME = {
    "a whole list": lambda: [wikitext.revision.chars, links(r"A\:"), wikitext.revision.ref_tags],
    "a pattern": lambda: [matching("a")],
    "a sum": lambda: [wikitext.revision.chars + 1],
}
DIFFERENT = {
    "a pattern": (links(r"A\:"), links(r"B\:")),
    "flags of a pattern": (matching("a"), matching("(?i)a")),
    "what it is computed from": (
        counted(wikitext.revision.datasources.words),
        counted(wikitext.revision.datasources.numbers),
    ),
}


@pytest.mark.parametrize("made", SAME.values(), ids=SAME)
def test_what_two_models_have_in_common_is_shared(made: Any) -> None:
    models = {"first": unpickled(*made()), "second": unpickled(*made(), wikitext.revision.words)}
    assert groups(models) == [["first", "second"]]


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_two_models_call_the_same_and_is_not_parts_them(one: Any, other: Any) -> None:
    models = {"one": unpickled(one), "other": unpickled(other), "third": unpickled(one)}
    assert groups(models) == [["one", "third"], ["other"]]


def test_models_of_edit_quality_share_all() -> None:
    from editquality.feature_lists import enwiki

    models = {"damaging": unpickled(*enwiki.damaging), "goodfaith": unpickled(*enwiki.goodfaith)}
    assert len(groups(models)) == 1


def values_of(models: Mapping[str, Sequence[Any]], folder: Path) -> dict[str, list[Any]]:
    """By model the features of a revision with a link to A and two to B, asked for together."""
    for name, features in models.items():
        write_model(folder / name, features)
    handler = make_handler([ModelFile(name, folder / name) for name in models])
    text = "[[A:1]] [[B:1]] [[B:2]]"
    page = Page(5, 0, "Page")
    revision = Revision(12, 0, page, None, "Alice", 3, len(text), "", text, "wikitext")
    scores = handler(ExtractAndPredict(tuple(models), Documents(revision)))
    return {name: list(score.features.values()) for name, score in scores.items()}


def test_each_model_of_a_server_counts_what_its_own_list_names(tmp_path: Path) -> None:
    models = {"a": [links(r"A\:")], "b": [links(r"B\:")], "chars": [wikitext.revision.chars]}
    assert values_of(models, tmp_path) == {"a": [1], "b": [2], "chars": [23]}
