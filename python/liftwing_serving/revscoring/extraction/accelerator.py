"""Extraction's part of a worker: what it keeps between requests."""

from __future__ import annotations

from collections.abc import Iterable

from revscoring.dependencies import Dependent

from liftwing_serving.mediawiki import Documents
from liftwing_serving.revscoring import leaves, sharing
from liftwing_serving.revscoring.extraction.plan import Plan
from liftwing_serving.revscoring.extraction.recognition import PARENT, REVISION, Reader
from liftwing_serving.revscoring.extraction.registry import Registry
from liftwing_serving.revscoring.extraction.texts import KeptTexts, Text


class Accelerator:
    """Works out features faster than the library, for all models of a worker."""

    def __init__(self, kept_bytes: int) -> None:
        self._registry = Registry()
        self._kept = KeptTexts(kept_bytes)

    def plan(self, features: Iterable[Dependent]) -> Plan:
        """How a model's features are worked out."""
        features = list(features)
        return Plan(features, Reader(self._registry, sharing.definitions_of(features)))

    def texts(self, documents: Documents, plans: Iterable[Plan]) -> dict[Dependent, Text]:
        """The revision's text and its parent's, without those that a feature may not read.

        None if no plan reads them.
        """
        found: dict[Dependent, Text] = {}
        if not any(plan.values for plan in plans):
            return found
        for leaf in (PARENT, REVISION):
            try:
                text = leaves.READERS[leaf](documents) or ""
            except Exception:
                continue
            found[leaf] = self._kept.get(text) or Text(text, like=found.get(PARENT))
        return found

    def keep(self, texts: dict[Dependent, Text], plans: Iterable[Plan]) -> None:
        """Keep what some plans found in the revision, for the edit that follows.

        Of that edit it is the parent, of which they may read more.
        """
        text = texts.get(REVISION)
        if text is None:
            return
        for value in {value for plan in plans for value in plan.values}:
            try:
                text.value(value)
            except MemoryError:
                raise
            except Exception:
                continue
        self._kept.keep(text)
