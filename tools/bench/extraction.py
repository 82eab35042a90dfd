"""Feature extraction by the revscoring library and accelerated, of the same edits in turns.

    .venv/bin/python tools/bench/extraction.py [--articles 15] [--words 1000000]

The edits are of the real articles that gensim ships, of all sizes, the list is English Wikipedia's
for damaging edits. Values and their types are compared. Seconds are those of the processor, so that
what else runs on the machine matters little. The garbage collector is off during an extraction, as
in a worker.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import mean, median
from typing import Any

from liftwing_demo.wiki.articles import read_articles
from liftwing_demo.wiki.edits import GOOD, pick_change
from liftwing_demo.wiki.vandalism import BAD
from liftwing_serving.mediawiki import Documents, Page, Revision, User
from rich.console import Console
from rich.table import Table

Pair = tuple[str, str]


def main() -> None:
    """Compare, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, default=15, help="of all sizes (default 15)")
    parser.add_argument(
        "--words", type=int, default=1_000_000, help="other ones, seen before the last rows"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    from editquality.feature_lists import enwiki

    from liftwing_serving.revscoring import libraries
    from liftwing_serving.revscoring.extraction.checking import differing

    libraries.settle()
    sides = Sides(enwiki.damaging)
    pairs = list(edits(options.articles))
    for pair in pairs:
        different = differing(sides.features, sides.accelerated(*pair), sides.library(*pair))
        assert not different, different
    rows = measure(sides, pairs)
    with timed_parts() as parts:
        for pair in pairs:
            sides.forget()
            sides.accelerated(*pair)
    see_words(sides, options.words)
    for name, times in (("accelerated, first after {:,} words", 1), ("accelerated, then", 3)):
        rows[name.format(options.words)] = [
            timed(lambda: sides.accelerated(*pair), sides.forget, times) for pair in pairs
        ]
    show(rows, {name: seconds / len(pairs) for name, seconds in parts.items()})


def edits(number: int) -> Iterator[Pair]:
    """Texts before and after an edit, of so many articles from the smallest to the largest."""
    dice = random.Random(1)
    texts = sorted((article.text for article in read_articles()), key=len)
    for index in range(number):
        text = texts[index * (len(texts) - 1) // max(1, number - 1)]
        _, change = pick_change(dice, text, BAD if dice.random() < 0.3 else GOOD)
        yield text, change.text


class Sides:
    """Both ways to a model's features."""

    def __init__(self, features: list[Any]) -> None:
        from revscoring.features import trim

        from liftwing_serving.revscoring.extraction import Accelerator
        from liftwing_serving.revscoring.leaves import leaves_of

        self.features = [*features, *trim(features)]
        self._leaves = leaves_of(features)
        self._make = Accelerator
        self._accelerator = Accelerator(0)
        self._plan = self._accelerator.plan(self.features)

    def library(self, parent: str, text: str) -> list[Any]:
        """The library's values."""
        return self._solve(documents_of(parent, text), {})

    def accelerated(self, parent: str, text: str) -> list[Any]:
        """The same in less time."""
        documents = documents_of(parent, text)
        cache: dict[Any, Any] = {}
        texts = self._accelerator.texts(documents, [self._plan])
        self._plan.fill(cache, texts)
        values = self._solve(documents, cache)
        self._accelerator.keep(texts, [self._plan])
        return values

    def forget(self) -> None:
        """Know no revision, but words."""
        self._accelerator._kept = type(self._accelerator._kept)(32 << 20)

    def _solve(self, documents: Documents, cache: dict[Any, Any]) -> list[Any]:
        from revscoring.dependencies import solve

        from liftwing_serving.revscoring.leaves import context_for

        context = context_for(self._leaves, documents)
        return list(solve(self.features, context=context, cache=cache))


def documents_of(parent: str, text: str) -> Documents:
    """An edit by somebody."""

    def revision(rev_id: int, of: str) -> Revision:
        return Revision(
            rev_id=rev_id,
            parent_id=rev_id - 1,
            page=Page(page_id=5, namespace=0, title="Article"),
            timestamp="2026-05-02T08:00:00Z",
            user="Somebody",
            user_id=7,
            size=len(of.encode()),
            comment="/* History */ fixed",
            text=of,
            content_model="wikitext",
        )

    user = User("Somebody", ["*", "user"], "2020-05-01T12:00:00Z", 30, "unknown")
    return Documents(revision(12, text), revision(11, parent), user)


def measure(sides: Sides, pairs: list[Pair]) -> dict[str, list[float]]:
    """By row the seconds of each edit, the rows in turns."""
    rows: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        rows["library"].append(timed(lambda: sides.library(*pair), sides.forget))
        rows["accelerated"].append(timed(lambda: sides.accelerated(*pair), sides.forget))

        def parent_comes() -> None:
            sides.forget()
            sides.accelerated("", pair[0])

        rows["accelerated, parent known"].append(
            timed(lambda: sides.accelerated(*pair), parent_comes)
        )
    return rows


def timed(work: Callable[[], object], prepare: Callable[[], None], times: int = 3) -> float:
    """The least of some times, in seconds of the processor."""
    taken = []
    for _ in range(times):
        prepare()
        gc.collect()
        gc.disable()
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
        gc.enable()
    return min(taken)


def see_words(sides: Sides, number: int) -> None:
    """Extract revisions of words that no article has."""
    dice = random.Random(2)
    for _ in range(0, number, 10_000):
        words = ("".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=9)) for _ in range(10_000))
        sides.accelerated("", " ".join(words))


@contextmanager
def timed_parts() -> Iterator[dict[str, float]]:
    """Seconds by kind of expression, each without those that it asks for."""
    from liftwing_serving.revscoring.extraction.texts import Text

    seconds: dict[str, float] = defaultdict(float)
    within = [0.0]
    untimed = Text.value

    def value(text: Text, expression: Any) -> Any:
        if expression in text._values:
            return text._values[expression]
        within.append(0.0)
        started = time.process_time()
        try:
            return untimed(text, expression)
        finally:
            taken = time.process_time() - started
            seconds[type(expression).__name__] += taken - within.pop()
            within[-1] += taken

    Text.value = value  # type: ignore[method-assign, assignment]
    try:
        yield seconds
    finally:
        Text.value = untimed  # type: ignore[method-assign]


def show(rows: dict[str, list[float]], parts: dict[str, float]) -> None:
    """Print both tables, in milliseconds."""
    table = Table("", "mean", "median", "library / this")
    library = mean(rows["library"])
    for name, seconds in rows.items():
        figures = [f"{1000 * figure:.1f}" for figure in (mean(seconds), median(seconds))]
        table.add_row(name, *figures, f"{library / mean(seconds):.1f}")
    of_parts = Table("accelerated, of which", "mean")
    for name, taken in sorted(parts.items(), key=lambda it: -it[1]):
        of_parts.add_row(name, f"{1000 * taken:.2f}")
    console = Console()
    console.print(table)
    console.print(of_parts)


if __name__ == "__main__":
    main()
