"""Each wiki's feature lists, on revisions in its language: the handler equals the stock library."""

from __future__ import annotations

import pytest
from support.feature_lists import feature_lists, languages_of
from support.language_scores import Comparison, compare_all, wiki_of

WIKIS = sorted({wiki_of(wanted) for wanted in feature_lists()})


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Comparison]:
    return compare_all(WIKIS, tmp_path_factory.mktemp("languages"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("wiki", WIKIS)
def test_scores_of_a_wiki_equal_the_stock_librarys(
    wiki: str, comparisons: dict[str, Comparison]
) -> None:
    compared = comparisons[wiki]
    assert not compared.trouble, compared.trouble
    assert compared.stock.keys() == compared.ours.keys() and compared.stock
    for wanted, stock in compared.stock.items():
        ours = compared.ours[wanted]
        assert ours.features == stock.features, wanted
        assert ours.scores == stock.scores, wanted
        assert len({str(score) for score in stock.scores}) > 1, "all revisions score alike"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("wiki", WIKIS)
def test_the_languages_of_a_wiki_move_its_features(
    wiki: str, comparisons: dict[str, Comparison]
) -> None:
    for wanted, scored in comparisons[wiki].stock.items():
        for language in languages_of(wanted.module):
            # Not all of a language's own are in each list.
            values = {
                name: [row[name] for row in scored.features]
                for name in scored.features[0]
                if f"{language}." in name
            }
            still = [name for name, of_each in values.items() if not any(of_each)]
            assert still == [], f"{wanted.module}: zero in all revisions"
            zeros = [value == 0 for of_each in values.values() for value in of_each]
            assert sum(zeros) <= len(zeros) / 2, f"{wanted.module}: {language}"
