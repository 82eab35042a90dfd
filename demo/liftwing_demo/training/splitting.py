"""Which examples are held out. A subject lies wholly on one side, so that no text is seen twice."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random
from typing import Any

from liftwing_demo.training.suite import Example, Label, Truth

Observation = tuple[list[Any], Truth]
"""The values of an example's features, and what it is labelled with."""
SEED = 1
ONE_IN = 4
"""One subject of so many is held out: no model sees it before it is measured."""


def split(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """The examples to learn from, and those that are held out."""
    subjects = sorted({example.subject for example in examples}, key=_in_order)
    if isinstance(examples[0].truth, bool):
        held_out = set(Random(SEED).sample(subjects, round(len(subjects) / ONE_IN)))
    else:
        held_out = _of_every_label(subjects, examples)
    seen = [example for example in examples if example.subject not in held_out]
    return seen, [example for example in examples if example.subject in held_out]


def occurs(label: Label, observations: Sequence[Observation]) -> bool:
    """Whether some examples have a label, and some do not."""
    having = sum(_has(truth, label) for _, truth in observations)
    return 0 < having < len(observations)


def only(labels: Sequence[Label], observations: Sequence[Observation]) -> list[Observation]:
    """The examples as far as they have these labels."""
    kept: list[Observation] = []
    for row, truth in observations:
        if isinstance(truth, list):
            kept.append((row, [label for label in truth if label in labels]))
        elif truth in labels:
            kept.append((row, truth))
    return kept


def _has(truth: Truth, label: Label) -> bool:
    return label in truth if isinstance(truth, list) else truth == label


def _in_order(subject: int | str) -> tuple[int, str]:
    return (0, subject) if isinstance(subject, str) else (subject, "")


def _of_every_label(subjects: Sequence[int | str], examples: Sequence[Example]) -> set[int | str]:
    """Subjects of which each rare label has its share.

    They are lined up by the rarest label that they have, and one in so many is taken.
    """
    labels: defaultdict[int | str, set[Label]] = defaultdict(set)
    for example in examples:
        truth = example.truth
        labels[example.subject] |= set(truth) if isinstance(truth, list) else {truth}
    common = Counter(label for several in labels.values() for label in several)
    dice = Random(SEED)
    keys = {
        subject: min(((common[label], str(label)) for label in labels[subject]), default=(0, ""))
        for subject in subjects
    }
    line = sorted(subjects, key=lambda subject: (keys[subject], dice.random()))
    return set(line[1::ONE_IN])
