"""The loads: articles of which sizes, asked for by how many clients."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.drafts import FIRST_DRAFT_REVISION_ID
from liftwing_demo.wiki.records import Hidden

SMALL = range(2_000, 12_000)
MIDDLE = range(35_000, 45_000)
LARGE = range(100_000, 200_000)
LARGE_SHARE = 0.05
FIRST_EDIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """A row of the report. `measured` are the sizes in bytes whose latencies count."""

    name: str
    clients: int
    measured: range
    with_large: bool = False
    requests: int = 120


LOADS = (
    Load("2-12 kB, 1 client", 1, SMALL, requests=120),
    Load("35-45 kB, 1 client", 1, MIDDLE, requests=40),
    Load("2-12 kB, 16 clients", 16, SMALL, requests=240),
    Load("35-45 kB, 16 clients", 16, MIDDLE, requests=80),
    Load("2-12 kB of a mix with 5 % of 100-180 kB, 16 clients", 16, SMALL, True, 240),
)


@dataclass(frozen=True, slots=True)
class Revisions:
    """Ids of scorable edits by size in bytes."""

    sizes: dict[int, int]

    @classmethod
    def of(cls, wiki: Path) -> Revisions:
        """Edits with a parent and nothing hidden, of a demo wiki."""
        with WikiStore.open(wiki) as store:
            known = {revision.rev_id: revision for revision in store.all_revisions()}
            return cls(
                {
                    rev_id: revision.size
                    for rev_id, revision in known.items()
                    if FIRST_EDIT < rev_id < FIRST_DRAFT_REVISION_ID
                    and revision.parent_id in known
                    and revision.hidden == Hidden()
                    and not (revision.deleted or known[revision.parent_id].deleted)
                    and not known[revision.parent_id].hidden.text
                }
            )

    def within(self, sizes: range) -> list[int]:
        """Ids of the revisions of these sizes, in time order."""
        return sorted(rev_id for rev_id, size in self.sizes.items() if size in sizes)

    def drawn(self, load: Load, seed: int) -> Iterator[int]:
        """Endless revisions for a load, the same for the same seed."""
        dice = random.Random(seed)
        usual, large = self.within(load.measured), self.within(LARGE)
        while True:
            heavy = load.with_large and dice.random() < LARGE_SHARE
            yield dice.choice(large if heavy else usual)
