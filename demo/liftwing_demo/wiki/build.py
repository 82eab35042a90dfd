"""Making the wiki file, and telling whether one that exists is still good."""

import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from liftwing_demo.wiki.articles import read_articles
from liftwing_demo.wiki.drafts import DraftHistory
from liftwing_demo.wiki.history import History
from liftwing_demo.wiki.records import Revision
from liftwing_demo.wiki.sites import WIKIPEDIA
from liftwing_demo.wiki.store import FORMAT_VERSION, WikiStore

DEFAULT_REVISIONS = 700
DEFAULT_SEED = 20220301
REVERT_WINDOW = 15
"""Revisions back in which an identical text makes those in between reverted ones."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def quiet(what: str, done: int, total: int) -> None:
    """A progress callback that says nothing."""


def build_wiki(path: Path, revisions: int | None = None, progress: Progress = quiet) -> None:
    """Write a wiki with the articles, a history of `revisions` edits over them, and drafts.

    The file appears under its name only when it is complete.

    Raises:
        ArticlesMissing: no installed package carries the articles.
        OSError: the folder cannot be written to.
    """
    with new_store(path) as store:
        _fill(store, DEFAULT_REVISIONS if revisions is None else revisions, progress)


@contextmanager
def new_store(path: Path) -> Iterator[WikiStore]:
    """An empty wiki to fill, which takes its place at the end, unless an error ends it.

    Raises:
        OSError: the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    workshop = Path(mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        unfinished = workshop / "wiki.sqlite"
        with WikiStore.create(unfinished) as store:
            yield store
        os.replace(unfinished, path)
    finally:
        rmtree(workshop, ignore_errors=True)


def wiki_is_current(path: Path, revisions: int | None = None) -> bool:
    """Whether a complete wiki of this version and length lies there already."""
    try:
        with WikiStore.open(path) as store:
            meta = store.meta()
    except sqlite3.Error:
        return False
    expected = _identity(DEFAULT_REVISIONS if revisions is None else revisions)
    return expected.items() <= meta.items()


def _identity(revisions: int) -> dict[str, str]:
    return {
        "format": str(FORMAT_VERSION),
        "seed": str(DEFAULT_SEED),
        "revisions": str(revisions),
        "wiki": WIKIPEDIA.database,
    }


def _fill(store: WikiStore, count: int, progress: Progress) -> None:
    articles = list(read_articles())
    progress("reading articles", len(articles), len(articles))
    history = History(articles, DEFAULT_SEED)
    run: list[Revision] = []
    founding = list(history.founding())
    for done, step in enumerate(founding, start=1):
        store.add_revision(step.revision, step.labels)
        progress("storing articles", done, len(founding))
    for done, step in enumerate(islice(history.steps(), count), start=1):
        store.add_revision(step.revision, step.labels)
        run.append(step.revision)
        progress("editing", done, count)
    drafts = DraftHistory(articles, DEFAULT_SEED)
    for step in islice(drafts.steps(), count):
        store.add_revision(step.revision, step.labels)
    store.mark_reverted(reverted_ids(run))
    for page in history.pages + drafts.pages:
        store.add_page(page)
    for user in history.accounts + drafts.accounts:
        store.add_user(user)
    store.set_meta(_identity(count) | {"now": history.now})


def reverted_ids(revisions: Iterable[Revision]) -> set[int]:
    """Ids of the revisions whose page soon returned to an earlier, identical text."""
    reverted: set[int] = set()
    pages: defaultdict[int, list[Revision]] = defaultdict(list)
    for revision in revisions:
        recent = pages[revision.page_id][-REVERT_WINDOW:]
        for back, earlier in enumerate(reversed(recent)):
            if earlier.sha1 == revision.sha1:
                between = recent[len(recent) - back :]
                reverted.update(other.rev_id for other in between)
                break
        pages[revision.page_id].append(revision)
    return reverted
