"""Fixtures of the demo wikis' files; a folder's conftest imports those that it wants."""

from __future__ import annotations

from pathlib import Path

import pytest
from liftwing_demo.items import build_items
from liftwing_demo.wiki import WikiStore, build_wiki
from liftwing_demo.wiki.catalogue import nasty_revisions


@pytest.fixture(scope="session")
def wiki_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("wiki") / "wiki.sqlite"
    build_wiki(file)
    return file


@pytest.fixture(scope="session")
def items_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wikidata's items, a few of each sort."""
    file = tmp_path_factory.mktemp("items") / "items.sqlite"
    build_items(file, items=40)
    return file


@pytest.fixture(scope="session")
def nasty(wiki_file: Path) -> dict[str, list[int]]:
    """Revision ids by what is nasty about them."""
    with WikiStore.open(wiki_file) as store:
        return nasty_revisions(store)
