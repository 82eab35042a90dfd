"""The history of the items: seeded, endless, the same for the same seed.

A shorter history is the beginning of a longer one.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import islice, zip_longest

from liftwing_demo.items.entity import Document, empty_item, text_of
from liftwing_demo.items.facts import FIRST_ITEM, facts_about
from liftwing_demo.items.growth import GROWTH, HARM, Edit, Growing, found
from liftwing_demo.items.subjects import Subject, invented, of_articles
from liftwing_demo.wiki.articles import Article
from liftwing_demo.wiki.editors import Editor
from liftwing_demo.wiki.ledger import Draft, Ledger, LedgerHistory, PageState, Step
from liftwing_demo.wiki.records import Hidden

FIRST_ITEM_REVISION_ID = 1_500_000_001
FIRST_ITEM_PAGE_ID = 110_000_001
CONTENT_MODEL = "wikibase-item"
INVENTED = 60
"""How many things the items are about that have no article."""
MOST_EDITS = 14
"""Edits of one item at most, its creation apart."""
HARM_RATE = 0.08
TALK = 1


class ItemHistory(LedgerHistory):
    """The revisions of the items, and the pages and accounts that they need."""

    def __init__(self, articles: Sequence[Article], seed: int) -> None:
        self._ledger = Ledger(seed, FIRST_ITEM_REVISION_ID, FIRST_ITEM_PAGE_ID)
        self._subjects = _in_turn(
            list(of_articles(articles)), list(islice(invented(self._ledger.rng), INVENTED))
        )

    @property
    def subjects(self) -> int:
        """How many things there are items about."""
        return len(self._subjects)

    def steps(self, count: int) -> Iterator[Step]:
        """The revisions of the first `count` items; after the second item come the rarities."""
        for index, subject in enumerate(self._subjects[:count]):
            yield from self._life(f"Q{FIRST_ITEM + index}", subject)
            if index == 1:
                yield from self._rarities(f"Q{FIRST_ITEM}")

    def _life(self, item_id: str, subject: Subject) -> Iterator[Step]:
        ledger, rng = self._ledger, self._ledger.rng
        state = ledger.open_page(item_id, 0, content_model=CONTENT_MODEL)
        growing = Growing(subject, empty_item(item_id), facts_about(rng, subject))
        yield self._save(state, growing, found(rng, growing), ledger.cast.veteran())
        for _ in range(rng.randint(0, MOST_EDITS)):
            if rng.random() < HARM_RATE:
                yield from self._harm(state, growing)
            editor = ledger.cast.well_meaning(ledger.now)
            yield self._save(state, growing, self._edit(growing, GROWTH), editor)

    def _harm(self, state: PageState, growing: Growing) -> Iterator[Step]:
        ledger = self._ledger
        spoilt = replace(growing, item=deepcopy(growing.item))
        summary = self._edit(spoilt, HARM)
        yield self._save(state, spoilt, summary, ledger.cast.anonymous(), damaging=True)
        yield ledger.revert(state, ledger.cast.patroller())

    def _edit(self, growing: Growing, edits: Sequence[tuple[Edit, int]]) -> str:
        """The summary of an edit that had something to do."""
        rng = self._ledger.rng
        left = list(edits)
        while left:
            chosen = rng.choices(left, [weight for _, weight in left])[0]
            if summary := chosen[0](rng, growing):
                return summary
            left.remove(chosen)
        return "/* wbeditentity-update:0| */"

    def _save(
        self,
        state: PageState,
        growing: Growing,
        summary: str,
        editor: Editor,
        damaging: bool = False,
        hidden: Hidden = Hidden(),
    ) -> Step:
        kind = "item_harm" if damaging else "item"
        draft = Draft(text_of(growing.item), summary, kind, damaging, goodfaith=not damaging)
        return self._ledger.save(state, editor, draft, hidden)

    def _rarities(self, target: str) -> Iterator[Step]:
        """A redirect, a hidden and a deleted revision, and a page in wikitext."""
        ledger = self._ledger
        subject = Subject("Merged away", self._subjects[0].sort)
        state = ledger.open_page(f"Q{FIRST_ITEM - 1}", 0, content_model=CONTENT_MODEL)
        growing = Growing(subject, empty_item(state.page.title), [])
        editor = ledger.cast.veteran()
        yield self._save(state, growing, found(ledger.rng, growing), editor)
        hidden = self._save(state, growing, "hidden", editor, hidden=Hidden(text=True))
        yield hidden
        yield self._save(state, growing, "after a hidden revision", editor)
        deleted = self._save(state, growing, "deleted", editor)
        yield replace(deleted, revision=replace(deleted.revision, deleted=True))
        yield self._save(state, growing, "after a deleted revision", editor)
        yield ledger.save(state, editor, Draft(_redirect(state, target), "merge", "item_redirect"))
        talk = ledger.open_page(f"Talk:{target}", TALK)
        text = "== Which one? ==\nIs this the right sort of thing?\n"
        yield ledger.save(talk, ledger.cast.newcomer(ledger.now), Draft(text, "ask", "talk"))


def _redirect(state: PageState, target: str) -> str:
    document: Document = {"entity": state.page.title, "redirect": target}
    return text_of(document)


def _in_turn(first: list[Subject], second: list[Subject]) -> list[Subject]:
    """One of each as long as both last, so that a short history has both."""
    pairs = zip_longest(first, second)
    return [subject for pair in pairs for subject in pair if subject is not None]
