"""Accelerated features equal the library's to the last bit and in type, errors included.

test/integration/test_extraction.py does the same for each wiki's lists, with more and larger texts.
"""

from __future__ import annotations

import dataclasses
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from liftwing_serving.mediawiki.documents import Gone
from support.extractions import EDGES, Sides, articles, edge_pairs, edited
from support.made_up import revisions_of

COMMENT = "/* History */ fixed npov, see [[WP:AES|←]]"
# Longer ones take the library half a second each.
LONGEST = 12_000


@pytest.fixture(scope="module")
def damaging() -> Sides:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from editquality.feature_lists import enwiki
    return Sides(enwiki.damaging)


@pytest.fixture(scope="module")
def quality() -> Sides:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from articlequality.feature_lists import enwiki
    return Sides(enwiki.wp10)


def test_edits_of_articles(damaging: Sides) -> None:
    pairs: list[tuple[str | None, str]] = []
    for text in articles(LONGEST)[::3]:
        # Two edits, one after the other.
        first = edited(text, f"1 {text}")
        pairs += [(None, text), (text, first), (first, edited(first, f"2 {text}"))]
    assert len(pairs) > 10
    assert damaging.differences(revisions_of("enwiki", pairs, COMMENT)) == []


def test_whatever_an_edit_leaves_behind(damaging: Sides) -> None:
    assert damaging.differences(revisions_of("enwiki", edge_pairs(), COMMENT)) == []


def test_articles_without_parents(quality: Sides) -> None:
    texts = [*articles(LONGEST)[::6], *EDGES.values()]
    documents = revisions_of("enwiki", [(None, text) for text in texts], COMMENT)
    assert quality.differences(documents) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([*EDGES.values(), "\n\n", " "]), min_size=2, max_size=6), st.data())
def test_made_up_edits(damaging: Sides, pieces: list[str], data: st.DataObject) -> None:
    parent = "".join(pieces)
    start = data.draw(st.integers(0, len(parent)))
    end = data.draw(st.integers(start, len(parent)))
    text = parent[:start] + data.draw(st.text(max_size=30)) + parent[end:]
    assert damaging.differences(revisions_of("enwiki", [(parent, text)], COMMENT)) == []


@pytest.mark.parametrize("field", ["text", "user_id", "comment"])
@pytest.mark.parametrize("hidden", ["revision", "parent"])
def test_what_is_hidden_is_the_same_error(damaging: Sides, hidden: str, field: str) -> None:
    (documents,) = revisions_of("enwiki", [("a b", "a b c")], COMMENT)
    without = dataclasses.replace(getattr(documents, hidden), **{field: None})
    documents = dataclasses.replace(documents, **{hidden: without})
    assert damaging.difference(documents) == []
    assert field != "text" or isinstance(damaging.ours(documents), Exception)


def test_a_parent_that_is_gone_is_the_same_error(damaging: Sides) -> None:
    (documents,) = revisions_of("enwiki", [("a b", "a b c")], COMMENT)
    documents = dataclasses.replace(documents, parent=Gone.MISSING)
    assert damaging.difference(documents) == []
    assert isinstance(damaging.ours(documents), Exception)


def test_what_follows_from_the_texts_is_not_left_to_the_library(damaging: Sides) -> None:
    from revscoring.dependencies import expand

    planned = {dependent for dependent, _ in damaging.plan._wanted}
    left = set()
    for feature in damaging.features:
        if feature not in planned:
            left |= {it.name for it in expand([feature])}
    assert not {name for name in left if name.startswith(("wikitext.", "english.", "tokenized"))}
