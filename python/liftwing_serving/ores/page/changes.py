"""The last changes, merged from what events tell of them one by one."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from liftwing_serving.ores.page.events import MAX_SCORES, Score, Told

MAX_CHANGES = 50
# Of which there is no score yet; most revisions of most wikis never get one.
MAX_UNSCORED = 500

RISKS = ("revertrisk-language-agnostic", "revertrisk-multilingual")

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """A revision as far as events have told of it; `number` grows with each that tells more."""

    number: int
    told: Told

    @property
    def key(self) -> str:
        """The name of its row."""
        return f"{self.told.wiki}-{self.told.rev_id}"

    @property
    def damage(self) -> float | None:
        """How likely it is that the revision does harm; None if no model here tells."""
        by_model = {score.model: score for score in self.told.scores}
        for model in ("damaging", *RISKS, "reverted"):
            if model in by_model and by_model[model].binary:
                return by_model[model].likely
        draft = by_model.get("draftquality")
        if draft is not None:
            return 1 - draft.likely if draft.label == "OK" else draft.likely
        return None


class Changes:
    """The last MAX_CHANGES revisions that have a score, in the order in which they got their first.

    Readers keep a number and ask for what is newer, so that nothing is stored for any of them.
    """

    def __init__(self) -> None:
        self._scored: OrderedDict[Key, Change] = OrderedDict()
        self._unscored: OrderedDict[Key, Told] = OrderedDict()
        self._number = 0
        # Numbers of another process, or of one before a restart, mean nothing here.
        self._epoch = secrets.token_hex(4)

    def add(self, told: Told) -> bool:
        """Take in what an event tells; whether a reader has something new to see."""
        key = (told.wiki, told.rev_id)
        before = self._scored.get(key)
        known = before.told if before else self._unscored.pop(key, None)
        merged = told if known is None else _merged(known, told)
        if not merged.scores:
            self._unscored[key] = merged
            _cut(self._unscored, MAX_UNSCORED)
            return False
        if before is not None and merged == before.told:
            return False
        self._number += 1
        self._scored[key] = Change(self._number, merged)
        _cut(self._scored, MAX_CHANGES)
        return True

    def __iter__(self) -> Iterator[Change]:
        """The changes, oldest first."""
        return iter(list(self._scored.values()))

    def __len__(self) -> int:
        return len(self._scored)

    @property
    def number(self) -> int:
        """Of the newest."""
        return self._number

    def newer(self, number: int) -> list[Change]:
        """What has been told since, in the order of numbers."""
        newer = (change for change in self._scored.values() if change.number > number)
        return sorted(newer, key=lambda change: change.number)

    def event_id(self, number: int) -> str:
        """A number as the id of an event."""
        return f"{self._epoch}-{number}"

    def number_of(self, event_id: str) -> int:
        """The number of an event's id; 0, before all, if it is none of this process's."""
        epoch, _, digits = event_id.partition("-")
        if epoch != self._epoch or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            return 0
        return int(digits)


def _merged(known: Told, told: Told) -> Told:
    """What is known, with what is told now; a model's later score counts."""
    scores = {score.model: score for score in (*known.scores, *told.scores)}
    return Told(
        known.wiki,
        known.rev_id,
        title=_first(told.title, known.title),
        user=_first(told.user, known.user),
        comment=_first(told.comment, known.comment),
        time=_first(told.time, known.time),
        created=known.created if told.created is None else told.created,
        scores=tuple(sorted(scores.values(), key=_name)[:MAX_SCORES]),
    )


def _first(value: str | None, other: str | None) -> str | None:
    return other if value is None else value


def _name(score: Score) -> str:
    return score.model


def _cut(kept: OrderedDict[Key, Change] | OrderedDict[Key, Told], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
