"""Embeddings of words and of claims, learnt from the demo wikis as word2vec does."""

import json
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from gensim.models import Word2Vec

from liftwing_demo.training.suite import Suite
from liftwing_demo.wiki.sites import WIKIDATA
from liftwing_demo.wiki.store import WikiStore

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LINE = re.compile(r"[^\n]{20,}")
_ITEM = re.compile("Q[0-9]+")


def write_embedding(suite: Suite, store_path: Path, file: Path) -> None:
    """Learn from the latest texts of a wiki and write gensim's KeyedVectors."""
    with WikiStore.open(store_path) as store:
        meta = store.meta()
        # A small wiki is for a quick try.
        texts = list(islice(_latest(store), int(meta.get("items") or meta["revisions"])))
        read = _claims if store.site() == WIKIDATA else _lines
    sentences = [sentence for text in texts for sentence in read(text)]
    # One thread, so that the same texts make the same vectors.
    vectors = Word2Vec(sentences, seed=1, workers=1, **suite.settings["embedding"]).wv
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.part")
    vectors.save(str(unfinished))
    os.replace(unfinished, file)


def _latest(store: WikiStore) -> Iterator[str]:
    """The texts of the pages of the main namespace as they are now."""
    pages = store.pages(sorted({revision.page_id for revision in store.all_revisions()}))
    articles = [page_id for page_id, page in pages.items() if page.namespace == 0]
    for revision in store.latest_revisions(articles, with_text=True).values():
        if revision.text:
            yield revision.text


def _lines(text: str) -> Iterator[list[str]]:
    """The lower-case words of each line, as the feature list looks them up."""
    for line in _LINE.findall(text):
        yield _WORD.findall(line.lower())


def _claims(text: str) -> Iterator[list[str]]:
    """The properties of an item, each before its values that are items."""
    words: list[str] = []
    for property_id, statements in dict(json.loads(text).get("claims") or {}).items():
        for statement in statements:
            value = statement["mainsnak"].get("datavalue", {}).get("value")
            words.append(property_id)
            if isinstance(value, dict) and _ITEM.fullmatch(str(value.get("id"))):
                words.append(value["id"])
    yield words
