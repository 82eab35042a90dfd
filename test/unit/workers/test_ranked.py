"""A collection in the order of rank."""

from __future__ import annotations

from dataclasses import dataclass

from liftwing_serving.workers.ranked import Ranked


@dataclass(eq=False)
class Thing:
    rank: float


def test_things_stand_by_rank_and_equals_as_they_came() -> None:
    ranked: Ranked[Thing] = Ranked()
    things = [Thing(2), Thing(1), Thing(2), Thing(0)]
    for thing in things:
        ranked.add(thing)
    assert list(ranked) == [things[3], things[1], things[0], things[2]]
    assert ranked.first is things[3]
    assert list(ranked.behind(1)) == [things[2], things[0]]


def test_the_very_thing_is_taken_out_and_no_equal() -> None:
    ranked: Ranked[Thing] = Ranked()
    one, other = Thing(1), Thing(1)
    ranked.add(one)
    ranked.add(other)
    assert ranked.discard(other) and not ranked.discard(other)
    assert list(ranked) == [one]
    assert ranked.discard(one) and ranked.first is None
