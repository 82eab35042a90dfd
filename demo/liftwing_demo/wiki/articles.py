"""The English Wikipedia articles that the installed gensim package carries as test data."""

import bz2
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse

DUMP_NAME = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
MIN_BYTES = 2000
"""Shorter pages are left out: they are stubs with nothing in them to edit."""


class ArticlesMissing(Exception):
    """No installed package carries the articles."""


@dataclass(frozen=True, slots=True)
class Article:
    """An article as the dump has it."""

    page_id: int
    title: str
    text: str


def dump_path() -> Path:
    """Where the dump lies.

    gensim is located without being imported, because that import takes seconds.

    Raises:
        ArticlesMissing: gensim, or its test data, is not installed.
    """
    spec = find_spec("gensim")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, "test", "test_data", DUMP_NAME)
        if path.is_file():
            return path
    raise ArticlesMissing(f"the installed gensim package does not carry {DUMP_NAME}")


def read_articles(path: Path | None = None) -> Iterator[Article]:
    """Articles in the order of the dump: no redirects, no stubs, no other namespaces.

    A dump that ends in the middle yields the articles before the damage.

    Raises:
        ArticlesMissing: no path was given and no installed package carries the articles.
    """
    with bz2.open(path or dump_path(), "rb") as stream:
        for article, namespace in _pages(stream):
            is_redirect = article.text[:9].lower() == "#redirect"
            if namespace == 0 and not is_redirect and len(article.text.encode()) >= MIN_BYTES:
                yield article


def _pages(stream: IO[bytes]) -> Iterator[tuple[Article, int]]:
    try:
        for _, element in iterparse(stream):
            if element.tag.rpartition("}")[2] == "page":
                yield _page(element, element.tag.removesuffix("page"))
                element.clear()
    except (ParseError, EOFError, OSError):
        return


def _page(element: Element, xmlns: str) -> tuple[Article, int]:
    def field(path: str) -> str:
        return element.findtext("/".join(xmlns + part for part in path.split("/"))) or ""

    article = Article(int(field("id")), field("title"), field("revision/text"))
    return article, int(field("ns") or 0)
