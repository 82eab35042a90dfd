"""Drafts: articles in the making, and the pages that nobody wants. A history of its own.

Its ids and its clock are apart from those of the articles' history, so that neither changes when
the other one does. A shorter one is the beginning of a longer one.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random

from liftwing_demo.wiki.articles import Article
from liftwing_demo.wiki.editors import Editor, timestamp
from liftwing_demo.wiki.junk import Maker, attack, spam, vandalism
from liftwing_demo.wiki.ledger import OPENING, Draft, Ledger, Step
from liftwing_demo.wiki.records import Page, User

FIRST_DRAFT_REVISION_ID = 1_200_001
FIRST_DRAFT_PAGE_ID = 75_000_001
FIRST_DRAFTER_ID = 42_000_001
NAMESPACE = 118
BEGINNING = OPENING - timedelta(days=90)
GOOD_DRAFT, GROWING_DRAFT = "draft", "draft_growth"
JUNK: dict[str, Maker] = {"spam": spam, "vandalism": vandalism, "attack": attack}
"""The kinds of unwanted pages."""
JUNK_PAGES = 40
"""How many there are of each kind."""
DRAFT_KINDS = frozenset({GOOD_DRAFT, GROWING_DRAFT, *JUNK})
"""The kinds that the labels of these revisions have."""

STAGES = 3
STAGE_BYTES = (600, 28_000)
"""How long a draft may be; its length is drawn evenly among the orders of magnitude."""
UNREFERENCED_RATE = 0.35
_REFERENCE = re.compile(r"<ref[^>/]*/>|<ref[^>]*>.*?</ref>", re.DOTALL)
_CATEGORY = re.compile(r"\[\[Category:[^\]]*\]\]\n?")
_DRAFTERS = ("Inkpot", "Marginalia", "Foolscap", "Blotter", "Quarto", "Octavo", "Vellum", "Nib")


class DraftHistory:
    """The drafts of some articles and unwanted pages among them."""

    def __init__(self, articles: Sequence[Article], seed: int) -> None:
        self._ledger = Ledger(seed, FIRST_DRAFT_REVISION_ID, FIRST_DRAFT_PAGE_ID)
        self._ledger.now = BEGINNING
        self._titles: set[str] = set()
        self.accounts = [_drafter(self._ledger.rng, index) for index in range(len(_DRAFTERS) * 3)]
        plans: list[Article | str] = [
            *articles,
            *(name for name in JUNK for _ in range(JUNK_PAGES)),
        ]
        self._ledger.rng.shuffle(plans)
        self._plans = plans

    @property
    def pages(self) -> list[Page]:
        """Every page that exists so far."""
        return [state.page for state in self._ledger.states]

    def steps(self) -> Iterator[Step]:
        """The revisions, page after page."""
        for plan in self._plans:
            if isinstance(plan, Article):
                yield from self._draft(plan)
            else:
                yield self._junk(plan)

    def _draft(self, article: Article) -> Iterator[Step]:
        state = self._ledger.open_page(f"Draft:{article.title}", NAMESPACE)
        writer = self._writer()
        for number, text in enumerate(stages(self._ledger.rng, article.text)):
            comment = "expanding the draft" if number else "begin"
            kind = GROWING_DRAFT if number else GOOD_DRAFT
            yield self._ledger.save(state, writer, Draft(text, comment, kind))

    def _junk(self, kind: str) -> Step:
        rng = self._ledger.rng
        title, text = JUNK[kind](rng)
        while title in self._titles:
            title += "x"
        self._titles.add(title)
        state = self._ledger.open_page(f"Draft:{title[:1].upper()}{title[1:]}", NAMESPACE)
        editor = self._ledger.cast.anonymous() if rng.random() < 0.4 else self._writer()
        draft = Draft(text, "", kind, damaging=True, goodfaith=False)
        return self._ledger.save(state, editor, draft)

    def _writer(self) -> Editor:
        user = self._ledger.rng.choice(self.accounts)
        return Editor(user.name, user.user_id)


def stages(rng: Random, text: str) -> list[str]:
    """A text as it grows: beginnings of it that end with a paragraph, the shortest first.

    Some are without references and categories, as beginners write.
    """
    ends = [match.start() for match in re.finditer(r"\n\n", text)] + [len(text)]
    least, most = STAGE_BYTES
    most = max(least + 1, min(most, len(text)))
    lengths = sorted(int(least * (most / least) ** rng.random()) for _ in range(STAGES))
    cuts = dict.fromkeys(min(ends, key=lambda end: abs(end - length)) for length in lengths)
    beginnings = [text[:cut].strip() + "\n" for cut in cuts if cut]
    if rng.random() < UNREFERENCED_RATE:
        beginnings[0] = _CATEGORY.sub("", _REFERENCE.sub("", beginnings[0]))
    return beginnings


def _drafter(rng: Random, index: int) -> User:
    return User(
        user_id=FIRST_DRAFTER_ID + 13 * index,
        name=f"{_DRAFTERS[index % len(_DRAFTERS)]} {100 + index}",
        registration=timestamp(BEGINNING - timedelta(days=rng.randint(1, 300))),
        edit_count=rng.randint(1, 60),
    )
