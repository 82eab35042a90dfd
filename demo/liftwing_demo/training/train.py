"""Training suites of models side by side, on all cores given, in worker processes."""

import multiprocessing
import os
import signal
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from liftwing_demo.training import tasks
from liftwing_demo.training.record import ModelReport, write_record
from liftwing_demo.training.splitting import split
from liftwing_demo.training.suite import Suite
from liftwing_demo.wiki.build import Progress, quiet
from liftwing_demo.wiki.store import WikiStore

PROCESSES = 2
BATCH = 8
POLL_SECONDS = 0.1
HASH_SEED = "PYTHONHASHSEED"

Work = Generator[list[Future[Any]], None, dict[str, ModelReport]]
"""Yields what it waits for; goes on when all of it is done."""


def train_models(
    stores: Mapping[str, Path], suites: Sequence[Suite], out: Path, progress: Progress = quiet
) -> dict[str, dict[str, ModelReport]]:
    """Train suites on their wikis and write `{out}/{service}/{file}` with a SHA256SUMS.

    `stores` has the wikis' files by their databases' names. The reports are by suite and by kind.

    Raises:
        OSError: the folder cannot be written to.
        BrokenProcessPool: a worker was killed.
        ExtractionFailed: a corpus is missing, for example.
    """
    out.mkdir(parents=True, exist_ok=True)
    with start_pool(out) as pool:
        # Those that embed words first have the longest way.
        order = sorted(suites, key=lambda suite: suite.embedding is None)
        work = {
            suite.name: _train(pool, suite, stores[suite.site.database], out, progress)
            for suite in order
        }
        return _finish(work)


def _finish(work: Mapping[str, Work]) -> dict[str, dict[str, ModelReport]]:
    """Have each work go on whenever what it waits for is done."""
    waiting = {name: next(steps) for name, steps in work.items()}
    reports: dict[str, dict[str, ModelReport]] = {}
    while waiting:
        for name in [name for name, several in waiting.items() if all(f.done() for f in several)]:
            try:
                waiting[name] = next(work[name])
            except StopIteration as end:
                reports[name] = end.value
                del waiting[name]
        time.sleep(POLL_SECONDS)
    return reports


def _train(
    pool: ProcessPoolExecutor, suite: Suite, store_path: Path, out: Path, progress: Progress
) -> Work:
    with WikiStore.open(store_path) as store:
        examples = {recipe.kind: recipe.examples(store) for recipe in suite.recipes}
    if suite.embedding:
        progress(f"{suite.name}: words", 0, 1)
        embedding = pool.submit(tasks.embed, suite.name, store_path, out)
        yield [embedding]
        embedding.result()
        progress(f"{suite.name}: words", 1, 1)
    rev_ids = sorted({example.rev_id for several in examples.values() for example in several})
    batches = [rev_ids[start : start + BATCH] for start in range(0, len(rev_ids), BATCH)]
    extracted = [pool.submit(tasks.extract, suite.name, store_path, batch) for batch in batches]
    _show(extracted, f"{suite.name}: features", progress)
    yield extracted
    rows = {rev_id: row for future in extracted for rev_id, row in future.result().items()}
    fitted = {}
    for place, recipe in enumerate(suite.recipes):
        usable = [example for example in examples[recipe.kind] if example.rev_id in rows]
        seen, unseen = (
            [(rows[example.rev_id][place], example.truth) for example in side]
            for side in split(usable)
        )
        fitted[recipe.kind] = pool.submit(tasks.fit, suite.name, recipe.kind, seen, unseen, out)
    _show(list(fitted.values()), f"{suite.name}: models", progress)
    yield list(fitted.values())
    reports = {kind: future.result() for kind, future in fitted.items()}
    write_record(suite, store_path, out, reports)
    return reports


def _show(futures: Sequence[Future[Any]], what: str, progress: Progress) -> None:
    """Report how many of the futures are done, as they are."""

    def count(future: Future[Any]) -> None:
        progress(what, sum(future.done() for future in futures), len(futures))

    progress(what, 0, len(futures))
    for future in futures:
        future.add_done_callback(count)


@contextmanager
def start_pool(models: Path) -> Iterator[ProcessPoolExecutor]:
    """Processes for the tasks. An error, or Ctrl-C, ends them at once."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(PROCESSES, context, tasks.start, (models.resolve(),))
    try:
        with _for_children():
            # A process is started for each task that finds none idle.
            for _ in range(PROCESSES):
                pool.submit(int)
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _for_children() -> Iterator[None]:
    """What is to be so in processes that are started meanwhile.

    Ctrl-C is ignored: they would print a traceback. Sets have one order, on which the last bits of
    an item's features depend.
    """
    before, seed = signal.signal(signal.SIGINT, signal.SIG_IGN), os.environ.get(HASH_SEED)
    os.environ[HASH_SEED] = "0"
    try:
        with _sigterm_later():
            yield
    finally:
        signal.signal(signal.SIGINT, before)
        os.environ.pop(HASH_SEED)
        if seed is not None:
            os.environ[HASH_SEED] = seed


@contextmanager
def _sigterm_later() -> Iterator[None]:
    """Handle SIGTERM at the end: a pool whose start is interrupted cannot be shut down.

    Not by ignoring or blocking it, which children would inherit.
    """
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if came:
            signal.raise_signal(signal.SIGTERM)
