"""A wiki of texts that nobody has seen: paragraphs of the real articles, put together anew.

Each text has one edit. A server that is asked for each edit once has never seen its parent, as
is so for most edits of a real wiki, while words and markup are those of real articles.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from liftwing_demo.wiki.articles import read_articles
from liftwing_demo.wiki.edits import GOOD, pick_change
from liftwing_demo.wiki.records import Labels, Page, Revision, User
from liftwing_demo.wiki.sites import WIKIPEDIA
from liftwing_demo.wiki.store import WikiStore
from liftwing_demo.wiki.vandalism import BAD
from rich.progress import track

MOMENT = "2022-03-01T16:37:11Z"
BAD_SHARE = 0.3
USERS = 500
REPEATED = 20
FIRST_EDIT = 1_000_000
# Another form of these texts gets another number.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Size:
    """How many texts of which sizes in bytes; none: as the real articles' are."""

    number: int
    between: tuple[int, int] | None


SIZES = {
    "small": Size(4000, (2_000, 12_000)),
    "median": Size(1000, (35_000, 45_000)),
    "large": Size(300, (100_000, 180_000)),
    "mixed": Size(700, None),
}


class Texts:
    """The ids of the edits, by the name of their sizes."""

    def __init__(self, ids: Mapping[str, list[int]]) -> None:
        self._ids = ids
        self._left = {name: iter(ids[:-REPEATED]) for name, ids in ids.items()}

    @classmethod
    def of(cls, wiki: Path) -> Texts:
        """Those of a wiki that `write` wrote."""
        with WikiStore.open(wiki) as store:
            return cls(json.loads(store.meta()["texts"]))

    def once(self, name: str) -> Iterator[int]:
        """Those that nobody has taken yet."""
        return self._left[name]

    def again_and_again(self, name: str) -> Iterator[int]:
        """A few others, in a random order without end."""
        dice = random.Random(name)
        while True:
            yield dice.choice(self._ids[name][-REPEATED:])


def is_written(wiki: Path) -> bool:
    """Whether the wiki is there and of this version."""
    if not wiki.exists():
        return False
    with WikiStore.open(wiki) as store:
        return store.meta().get("texts version") == str(VERSION)


def write(wiki: Path) -> None:
    """Write the wiki."""
    wiki.unlink(missing_ok=True)
    wiki.parent.mkdir(parents=True, exist_ok=True)
    dice = random.Random(VERSION)
    articles = [article.text for article in read_articles()]
    paragraphs = [it for text in articles for it in text.split("\n\n") if it.strip()]
    with WikiStore.create(wiki) as store:
        for number in range(1, USERS + 1):
            store.add_user(User(number, f"Editor {number}", "2015-04-01T00:00:00Z", number))
        ids: dict[str, list[int]] = {}
        first = FIRST_EDIT
        for name, size in SIZES.items():
            ids[name] = list(range(first, first + 2 * size.number, 2))
            for rev_id in track(ids[name], f"{name} texts"):
                text = _together(dice, paragraphs, _wanted(dice, size, articles))
                _add_edit(store, dice, text, rev_id)
            first += 2 * size.number
        store.set_meta(
            {
                "wiki": WIKIPEDIA.database,
                "now": MOMENT,
                "texts": json.dumps(ids),
                "texts version": str(VERSION),
            }
        )


def _wanted(dice: random.Random, size: Size, articles: list[str]) -> int:
    if size.between is not None:
        return dice.randint(*size.between)
    return len(dice.choice(articles).encode())


def _together(dice: random.Random, paragraphs: list[str], size: int) -> str:
    """A text of about that size in bytes."""
    chosen: list[str] = []
    left = size
    while left > 0:
        paragraph = dice.choice(paragraphs)
        # A long paragraph would make a small text a large one.
        chosen.append(paragraph if len(paragraph) < 2 * left else paragraph[:left])
        left -= len(chosen[-1].encode()) + 2
    return "\n\n".join(chosen)


def _add_edit(store: WikiStore, dice: random.Random, before: str, rev_id: int) -> None:
    """The edit, and its parent right before."""
    bad = dice.random() < BAD_SHARE
    _, change = pick_change(dice, before, BAD if bad else GOOD)
    store.add_page(Page(rev_id, 0, f"Text {rev_id}"))
    for id_, parent_id, text in ((rev_id - 1, 0, before), (rev_id, rev_id - 1, change.text)):
        user = dice.randint(1, USERS)
        content = text.encode()
        revision = Revision(
            rev_id=id_,
            parent_id=parent_id,
            page_id=rev_id,
            user_id=user,
            user_name=f"Editor {user}",
            timestamp=MOMENT,
            comment=change.summary,
            sha1=hashlib.sha1(content).hexdigest(),
            size=len(content),
            text=text,
        )
        store.add_revision(revision, Labels(id_, "text", damaging=bad, goodfaith=not bad))
