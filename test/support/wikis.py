"""Fixtures of the demo wikis' files; a folder's conftest imports those that it wants."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from liftwing_demo.items import build_items
from liftwing_demo.wiki import WikiStore, build_wiki
from liftwing_demo.wiki.catalogue import nasty_revisions
from support.kept import Kept


@pytest.fixture(scope="session")
def wiki_file(kept: Kept) -> Path:
    return kept.path("wiki.sqlite", build_wiki)


@pytest.fixture(scope="session")
def items_file(kept: Kept) -> Path:
    """Wikidata's items, a few of each sort."""
    return kept.path("items.sqlite", partial(build_items, items=40))


@pytest.fixture(scope="session")
def nasty(wiki_file: Path) -> dict[str, list[int]]:
    """Revision ids by what is nasty about them."""
    with WikiStore.open(wiki_file) as store:
        return nasty_revisions(store)
