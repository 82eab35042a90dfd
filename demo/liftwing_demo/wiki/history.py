"""A history of edits over real articles: seeded, endless, the same for the same seed.

A shorter history is the beginning of a longer one, since nothing here knows where it will be cut.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from liftwing_demo.wiki.articles import Article
from liftwing_demo.wiki.edits import BY_ROBOT, GOOD
from liftwing_demo.wiki.editors import Editor
from liftwing_demo.wiki.ledger import OPENING, Draft, Ledger, LedgerHistory, PageState, Step
from liftwing_demo.wiki.rarities import MIDDLE_BYTES, RARITIES
from liftwing_demo.wiki.vandalism import BAD, CLUMSY

FIRST_ARTICLE_REVISION_ID = 900_001
NEW_ARTICLES = 5
"""How many articles are held back, to be created within the history and to grow there."""
RARITY_RATE = 0.05
CREATION_RATE = 0.012
BAD_RATE = 0.27
CLUMSY_RATE = 0.11
REVERT_RATE = 0.85
"""The share of damage that somebody notices; the rest stays in the page."""
DISPUTE_RATE = 0.03
TYPICAL_BYTES = 15_000
"""A page is edited the less often the more it exceeds this: large pages are slow to score."""


class History(LedgerHistory):
    """An endless run of revisions over some articles, and the pages and accounts they need."""

    def __init__(self, articles: Sequence[Article], seed: int) -> None:
        self._ledger = Ledger(seed)
        by_size = sorted(articles, key=lambda article: (len(article.text), article.page_id))
        self._unwritten = by_size[8 : 8 + 2 * NEW_ARTICLES : 2]
        held_back = {article.page_id for article in self._unwritten}
        self._articles = [article for article in articles if article.page_id not in held_back]
        self._drafts: dict[int, list[str]] = {}
        self._unreverted: list[PageState] = []

    def founding(self) -> Iterator[Step]:
        """The first known revision of each article, a year before the rest; to run first."""
        for index, article in enumerate(self._articles):
            state = self._ledger.open_page(article.title, 0, article.page_id)
            moment = OPENING - timedelta(days=400) + timedelta(hours=3 * index)
            rev_id = FIRST_ARTICLE_REVISION_ID + index
            yield self._ledger.import_text(state, rev_id, moment, article.text)

    def steps(self) -> Iterator[Step]:
        """Revision after revision: first two ordinary edits, soon every rarity, then daily life."""
        ledger = self._ledger
        for _ in range(2):
            state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
            yield ledger.edit(state, ledger.cast.veteran(), GOOD)
        for rarity in RARITIES:
            yield from rarity(ledger)
            yield self._daily()
        while True:
            if ledger.rng.random() < RARITY_RATE:
                yield from ledger.rng.choice(RARITIES)(ledger)
            else:
                yield self._daily()

    def _daily(self) -> Step:
        rng = self._ledger.rng
        if self._unreverted and rng.random() < 0.45:
            return self._ledger.revert(self._unreverted.pop(0), self._reverter())
        if self._unwritten and rng.random() < CREATION_RATE:
            return self._create(self._unwritten.pop(0))
        state = self._any_page()
        if self._drafts.get(state.page.page_id):
            return self._grow(state)
        roll = rng.random()
        if roll < BAD_RATE:
            return self._damage(state, well_meant=False)
        if roll < BAD_RATE + CLUMSY_RATE:
            return self._damage(state, well_meant=True)
        return self._improve(state)

    def _any_page(self) -> PageState:
        states = self._ledger.articles()
        weights = [
            1 / (1 + (state.head.size if state.head else 0) / TYPICAL_BYTES) for state in states
        ]
        growing = [state for state in states if self._drafts.get(state.page.page_id)]
        if growing and self._ledger.rng.random() < 0.1:
            return self._ledger.rng.choice(growing)
        return self._ledger.rng.choices(states, weights)[0]

    def _improve(self, state: PageState) -> Step:
        ledger = self._ledger
        if ledger.rng.random() < 0.06:
            return ledger.edit(state, ledger.cast.tidy_robot(), BY_ROBOT)
        before = state.stable
        step = ledger.edit(state, ledger.cast.well_meaning(ledger.now), GOOD)
        if ledger.rng.random() < DISPUTE_RATE:
            state.stable, state.damaged = before, True
            self._unreverted.append(state)
        return step

    def _damage(self, state: PageState, well_meant: bool) -> Step:
        ledger = self._ledger
        now = ledger.now
        editor = ledger.cast.inexperienced(now) if well_meant else ledger.cast.ill_meaning(now)
        step = ledger.edit(state, editor, CLUMSY if well_meant else BAD)
        is_ruin = step.revision.size < 100
        if is_ruin or ledger.rng.random() < REVERT_RATE:
            self._unreverted.append(state)
        else:
            state.stable, state.damaged = step.revision, False
        return step

    def _reverter(self) -> Editor:
        cast = self._ledger.cast
        roll = self._ledger.rng.random()
        if roll < 0.3:
            return cast.watch_robot()
        return cast.patroller() if roll < 0.8 else cast.veteran()

    def _create(self, article: Article) -> Step:
        ledger = self._ledger
        state = ledger.open_page(article.title, 0, article.page_id)
        paragraphs = article.text.split("\n\n")
        cuts = sorted(ledger.rng.sample(range(1, len(paragraphs)), min(4, len(paragraphs) - 1)))
        stages = ["\n\n".join(paragraphs[:cut]) for cut in cuts] + [article.text]
        self._drafts[state.page.page_id] = stages[1:]
        draft = Draft(stages[0], f"←Created page with '{article.title} ...'", "create")
        return ledger.save(state, ledger.cast.newcomer(ledger.now), draft)

    def _grow(self, state: PageState) -> Step:
        text = self._drafts[state.page.page_id].pop(0)
        draft = Draft(text, "expanding the article", "grow")
        return self._ledger.save(state, self._ledger.cast.veteran(), draft)
