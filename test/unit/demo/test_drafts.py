"""Drafts are apart from the history of the articles, and of every kind."""

from collections import Counter
from itertools import islice
from random import Random

from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.articles import Article
from liftwing_demo.wiki.drafts import (
    DRAFT_KINDS,
    FIRST_DRAFT_REVISION_ID,
    JUNK_PAGES,
    STAGE_BYTES,
    DraftHistory,
    stages,
)

LONG = "\n\n".join(f"Paragraph {number}.<ref>Source</ref> " + "word " * 80 for number in range(90))
LONG += "\n[[Category:Things]]\n"


def test_a_draft_grows_by_whole_paragraphs() -> None:
    grown = stages(Random(3), LONG)
    assert 1 <= len(grown) <= 3
    assert grown == sorted(grown, key=len)
    assert all(len(text) <= STAGE_BYTES[1] + 1000 for text in grown)
    assert all(text.rstrip("\n").endswith("word") for text in grown)


def test_some_drafts_begin_without_references_and_others_with_them() -> None:
    firsts = [stages(Random(seed), LONG)[0] for seed in range(40)]
    bare = [text for text in firsts if "<ref" not in text]
    assert 0 < len(bare) < len(firsts)


def test_every_kind_of_draft_is_there_and_junk_is_bad_faith() -> None:
    history = DraftHistory([Article(1, "One", LONG), Article(2, "Two", LONG)], seed=1)
    steps = list(history.steps())
    kinds = Counter(step.labels.kind for step in steps)
    assert set(kinds) == DRAFT_KINDS
    assert kinds["spam"] == kinds["vandalism"] == kinds["attack"] == JUNK_PAGES
    junk = [step for step in steps if step.labels.kind in ("spam", "vandalism", "attack")]
    assert all(step.revision.parent_id == 0 and not step.labels.goodfaith for step in junk)
    assert len({page.title for page in history.pages}) == 3 * JUNK_PAGES + 2


def test_short_drafts_are_the_beginning_of_longer_ones() -> None:
    articles = [Article(1, "One", LONG)]
    short = list(islice(DraftHistory(articles, seed=1).steps(), 20))
    assert short == list(DraftHistory(articles, seed=1).steps())[:20]


def test_drafts_have_pages_ids_and_accounts_of_their_own(store: WikiStore) -> None:
    drafts = [rev for rev in store.all_revisions() if rev.rev_id >= FIRST_DRAFT_REVISION_ID]
    pages = store.pages(sorted({rev.page_id for rev in drafts}))
    assert {page.namespace for page in pages.values()} == {118}
    kinds = {label.rev_id: label.kind for label in store.labels()}
    assert {rev_id for rev_id, kind in kinds.items() if kind in DRAFT_KINDS} == {
        rev.rev_id for rev in drafts
    }
    named = [rev for rev in drafts if rev.user_id]
    accounts = store.users_named(sorted({rev.user_name for rev in named}))
    assert named and all(accounts[rev.user_name].user_id == rev.user_id for rev in named)
