"""Making the file of the items' wiki, and telling whether one that exists is still good."""

import sqlite3
from pathlib import Path

from liftwing_demo.items.history import ItemHistory
from liftwing_demo.wiki.articles import read_articles
from liftwing_demo.wiki.build import Progress, new_store, quiet, reverted_ids
from liftwing_demo.wiki.records import Revision
from liftwing_demo.wiki.sites import WIKIDATA
from liftwing_demo.wiki.store import FORMAT_VERSION, WikiStore

DEFAULT_ITEMS = 160
DEFAULT_SEED = 20220302


def build_items(path: Path, items: int | None = None, progress: Progress = quiet) -> None:
    """Write a wiki of `items` items and their histories.

    The file appears under its name only when it is complete.

    Raises:
        ArticlesMissing: no installed package carries the articles.
        OSError: the folder cannot be written to.
    """
    with new_store(path) as store:
        _fill(store, DEFAULT_ITEMS if items is None else items, progress)


def items_are_current(path: Path, items: int | None = None) -> bool:
    """Whether a complete wiki of this version and size lies there already."""
    try:
        with WikiStore.open(path) as store:
            meta = store.meta()
    except sqlite3.Error:
        return False
    return _identity(DEFAULT_ITEMS if items is None else items).items() <= meta.items()


def _identity(items: int) -> dict[str, str]:
    return {
        "format": str(FORMAT_VERSION),
        "seed": str(DEFAULT_SEED),
        "items": str(items),
        "wiki": WIKIDATA.database,
    }


def _fill(store: WikiStore, count: int, progress: Progress) -> None:
    history = ItemHistory(list(read_articles()), DEFAULT_SEED)
    run: list[Revision] = []
    created = 0
    for step in history.steps(count):
        store.add_revision(step.revision, step.labels)
        run.append(step.revision)
        created += step.revision.parent_id == 0
        progress("writing items", min(created, count), count)
    store.mark_reverted(reverted_ids(run))
    for page in history.pages:
        store.add_page(page)
    for user in history.accounts:
        store.add_user(user)
    store.set_meta(_identity(count) | {"now": history.now})
