"""Features of labelled revisions, by revscoring's own extractor, straight from the wiki's file."""

import multiprocessing
import signal
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.pool import Pool
from pathlib import Path
from random import Random
from typing import Any

from editquality.feature_lists import enwiki
from revscoring.extractors.api import Extractor

from liftwing_demo.training.record import MODEL_NAMES
from liftwing_demo.wiki.api import answer
from liftwing_demo.wiki.build import Progress
from liftwing_demo.wiki.drafts import DRAFT_KINDS
from liftwing_demo.wiki.records import Labels, Revision
from liftwing_demo.wiki.store import WikiStore

FEATURES: dict[str, Sequence[Any]] = {name: getattr(enwiki, name) for name in MODEL_NAMES}
"""The feature list of each model, as English Wikipedia has them."""

PROCESSES = 2
BATCH = 8
MAX_COST_BYTES = 40_000_000
"""Bytes of wikitext, parents included, that are read for features at most."""
HEAVY_BYTES = 120_000
MAX_HEAVY = 25
"""Revisions of HEAVY_BYTES and more that are taken at most; each takes about a second."""
_SEED = 5


class StoreSession:
    """Stands in for `mwapi.Session`: the same calls, answered from the wiki's file."""

    def __init__(self, store: WikiStore) -> None:
        self._store = store

    def get(self, **params: Any) -> dict[str, Any]:
        """The answer in formatversion 1, which revscoring reads.

        Raises:
            LookupError: the API answered with an error.
        """
        document = answer(self._store, {name: _joined(value) for name, value in params.items()})
        if "error" in document:
            raise LookupError(document["error"]["info"])
        return document


def _joined(value: Any) -> str:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return "|".join(map(str, value))


def choose_revisions(store: WikiStore) -> list[Labels]:
    """Labelled wikitext revisions within the limits of cost, by id.

    Those of large pages are rarely taken: the cost grows with the size of the text.
    """
    left_out = {"import"} | DRAFT_KINDS
    labels = {labels.rev_id: labels for labels in store.labels() if labels.kind not in left_out}
    known = {revision.rev_id: revision for revision in store.all_revisions()}
    pages = store.pages(sorted({revision.page_id for revision in known.values()}))
    candidates = [
        revision
        for rev_id, revision in known.items()
        if rev_id in labels
        and not revision.deleted
        and pages[revision.page_id].content_model == "wikitext"
    ]
    Random(_SEED).shuffle(candidates)
    return [labels[rev_id] for rev_id in sorted(_affordable(candidates, known))]


def _affordable(candidates: Iterable[Revision], known: dict[int, Revision]) -> Iterator[int]:
    spent = heavy = 0
    for revision in candidates:
        parent = known.get(revision.parent_id)
        cost = revision.size + (parent.size if parent else 0)
        is_heavy = cost >= HEAVY_BYTES
        if spent + cost > MAX_COST_BYTES or (is_heavy and heavy >= MAX_HEAVY):
            continue
        spent += cost
        heavy += is_heavy
        yield revision.rev_id


def extract_features(
    store_path: Path, rev_ids: Sequence[int], features: Sequence[Any], progress: Progress
) -> dict[int, list[Any]]:
    """Feature values by revision id, in the order of the features.

    Revisions that the extractor refuses (hidden text, a deleted parent ...) are left out.
    """
    batches = [rev_ids[start : start + BATCH] for start in range(0, len(rev_ids), BATCH)]
    values: dict[int, list[Any]] = {}
    done = 0
    with start_pool(store_path, features) as pool:
        for batch, found in pool.imap_unordered(_extract_batch, batches):
            values |= found
            done += len(batch)
            progress("extracting features", done, len(rev_ids))
    return dict(sorted(values.items()))


def start_pool(store_path: Path, features: Sequence[Any]) -> Pool:
    """Processes that extract. Ctrl-C is for this process, which ends them: they would each print
    a traceback.
    """
    context = multiprocessing.get_context("spawn")
    # What is ignored stays so in what is started.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return context.Pool(PROCESSES, _start_worker, (store_path, list(features)))
    finally:
        signal.signal(signal.SIGINT, before)


_worker: dict[str, Any] = {}


def _start_worker(store_path: Path, features: Sequence[Any]) -> None:
    _worker["extractor"] = Extractor(StoreSession(WikiStore.open(store_path)))
    _worker["features"] = features


def _extract_batch(rev_ids: Sequence[int]) -> tuple[Sequence[int], dict[int, list[Any]]]:
    results = _worker["extractor"].extract(list(rev_ids), _worker["features"])
    return rev_ids, {
        rev_id: list(values)
        for rev_id, (error, values) in zip(rev_ids, results, strict=True)
        if error is None
    }
