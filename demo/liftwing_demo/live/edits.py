"""Edits that go on where the history of a demo wiki ends, entered in its file one by one."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from random import Random

from liftwing_demo.items.build import DEFAULT_SEED as ITEMS_SEED
from liftwing_demo.items.history import ItemHistory
from liftwing_demo.wiki.articles import read_articles
from liftwing_demo.wiki.build import DEFAULT_SEED
from liftwing_demo.wiki.editors import timestamp
from liftwing_demo.wiki.history import History
from liftwing_demo.wiki.ledger import FIRST_REVISION_ID, VISIBLE, LedgerHistory, Step
from liftwing_demo.wiki.records import Page, Revision, User
from liftwing_demo.wiki.sites import WIKIDATA
from liftwing_demo.wiki.store import WikiStore

MOST_EDITS = 5000
"""Then the wiki grows no more: at some 10 kB each it has 50 MB more by then."""
REPLAY_SEED = 20220303


@dataclass(frozen=True, slots=True)
class Edit:
    """A revision that was just saved; `user` is None for who has no account."""

    revision: Revision
    page: Page
    user: User | None


def edits(store: WikiStore) -> Iterator[Edit]:
    """An endless run of edits: those that a longer history would have, entered in the store, and
    once these have come to an end former ones again, which are not entered."""
    yield from _continued(store)
    yield from former_edits(store)


def former_edits(store: WikiStore) -> Iterator[Edit]:
    """The visible revisions of the wiki's history over and over, in an order by seed."""
    revisions = [
        revision
        for revision in store.all_revisions()
        if revision.rev_id >= FIRST_REVISION_ID and _is_visible(revision)
    ]
    Random(REPLAY_SEED).shuffle(revisions)
    for revision in cycle(revisions):
        page = store.pages([revision.page_id])[revision.page_id]
        yield Edit(revision, page, store.users_of_ids([revision.user_id]).get(revision.user_id))


def _continued(store: WikiStore) -> Iterator[Edit]:
    history, steps = _at_its_end(store.meta())
    pages = {page.page_id for page in history.pages}
    accounts = {user.user_id for user in history.accounts}
    for step in islice(steps, MOST_EDITS):
        # The history's clock is one of its own; an edit is made when somebody looks.
        moment = datetime.now(UTC)
        ahead = moment - datetime.fromisoformat(history.now)
        revision = replace(step.revision, timestamp=timestamp(moment))
        new_pages = {page.page_id: page for page in history.pages if page.page_id not in pages}
        new_users = {
            user.user_id: _later(user, ahead)
            for user in history.accounts
            if user.user_id not in accounts
        }
        pages |= new_pages.keys()
        accounts |= new_users.keys()
        store.save(revision, step.labels, new_pages.values(), new_users.values())
        if _is_visible(revision):
            page = store.pages([revision.page_id])[revision.page_id]
            user = store.users_of_ids([revision.user_id]).get(revision.user_id)
            yield Edit(revision, page, user)


def _at_its_end(meta: dict[str, str]) -> tuple[LedgerHistory, Iterator[Step]]:
    """The history of which a wiki has the beginning, and what comes after that."""
    articles = list(read_articles())
    history: LedgerHistory
    if meta["wiki"] == WIKIDATA.database:
        history = items = ItemHistory(articles, ITEMS_SEED)
        steps = items.steps(items.subjects)
    else:
        history = edited = History(articles, DEFAULT_SEED)
        deque(edited.founding(), maxlen=0)
        steps = edited.steps()
    while history.now < meta["now"]:
        next(steps)
    return history, steps


def _later(user: User, ahead: timedelta) -> User:
    """Somebody who registers now, and not when the history says so."""
    if user.registration is None:
        return user
    return replace(user, registration=timestamp(datetime.fromisoformat(user.registration) + ahead))


def _is_visible(revision: Revision) -> bool:
    return revision.hidden == VISIBLE and not revision.deleted
