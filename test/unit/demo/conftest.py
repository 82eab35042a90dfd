"""One small wiki for all tests of the demo: long enough to hold every rarity."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from liftwing_demo.wiki import WikiStore, build, build_wiki
from liftwing_demo.wiki.articles import Article, read_articles
from liftwing_demo.wiki.catalogue import nasty_revisions

SMALL = 110


@pytest.fixture(scope="session")
def articles() -> list[Article]:
    return list(read_articles())


@pytest.fixture
def unpacked_once(articles: list[Article], monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacking the articles takes most of a small build, and once is enough."""
    monkeypatch.setattr(build, "read_articles", lambda: articles)


@pytest.fixture(scope="session")
def wiki_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wiki") / "small.sqlite"
    build_wiki(path, revisions=SMALL)
    return path


@pytest.fixture(scope="session")
def store(wiki_path: Path) -> Iterator[WikiStore]:
    with WikiStore.open(wiki_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def nasty(store: WikiStore) -> dict[str, list[int]]:
    return nasty_revisions(store)
