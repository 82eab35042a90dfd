"""Each wiki's feature lists over articles, made-up texts and edges: accelerated as by the library.

Both sides run in one process, since nothing of the library is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from support.extraction_sweeps import (
    compare_articles,
    compare_chains,
    compare_huge,
    compare_made_up,
    prepare,
)
from support.feature_lists import FeatureList, feature_lists
from support.language_scores import wiki_of
from support.sentiments import write_sentiwordnet, write_wordnet
from support.vocabulary import words_of

pytestmark = pytest.mark.timeout(600)

# goodfaith's list is damaging's under another name.
LISTS = sorted(wanted for wanted in feature_lists() if wanted.name != "goodfaith")
IDS = [f"{wanted.module.partition('.')[0]}-{wiki_of(wanted)}-{wanted.name}" for wanted in LISTS]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPoolExecutor]:
    """A process in a folder with corpora and word vectors, as feature lists look for them."""
    folder = tmp_path_factory.mktemp("extraction")
    write_sentiwordnet(
        folder, write_wordnet(folder, sorted(filter(str.islower, words_of("en_US"))))
    )
    with ProcessPoolExecutor(1, get_context("spawn"), prepare, (folder,)) as pool:
        yield pool


@pytest.mark.parametrize("wanted", LISTS, ids=IDS)
def test_a_list_over_made_up_texts_and_edges(
    wanted: FeatureList, process: ProcessPoolExecutor
) -> None:
    number, differences = process.submit(compare_made_up, wanted).result()
    assert number > 20
    assert differences == []


@pytest.mark.parametrize("compare", [compare_articles, compare_chains, compare_huge])
def test_english_edits_over_articles(
    compare: Callable[[], object], process: ProcessPoolExecutor
) -> None:
    assert process.submit(compare).result() == []
