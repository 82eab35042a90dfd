"""Feature values as servers work them out: the library's own, in a fraction of its time."""

from collections.abc import Iterable
from typing import Any

from liftwing_serving.mediawiki import Documents
from liftwing_serving.mediawiki import documents as fetched
from liftwing_serving.revscoring.extraction import Accelerator

from liftwing_demo.wiki.records import Revision
from liftwing_demo.wiki.store import WikiStore

KEPT_BYTES = 32 << 20


class Acceleration:
    """Some features of a wiki's revisions, as far as they follow from the texts."""

    def __init__(self, store: WikiStore, features: Iterable[Any]) -> None:
        self._store = store
        self._accelerator = Accelerator(KEPT_BYTES)
        self._plan = self._accelerator.plan(features)

    def known(self, rev_id: int) -> dict[Any, Any]:
        """Values by feature and datasource, of which the library then works out the rest.

        There are none of a revision of which something is missing: the library says what it is.
        """
        found = self._read(rev_id)
        if found is None:
            return {}
        parent = self._read(found.parent_id) if found.parent_id else None
        if found.parent_id and parent is None:
            return {}
        documents = Documents(_as_fetched(found), None if parent is None else _as_fetched(parent))
        texts = self._accelerator.texts(documents, [self._plan])
        values: dict[Any, Any] = {}
        self._plan.fill(values, texts)
        self._accelerator.keep(texts, [self._plan])
        return values

    def _read(self, rev_id: int) -> Revision | None:
        """A revision whose text may be read."""
        found = self._store.revisions([rev_id], with_text=True).get(rev_id)
        visible = found and not (found.deleted or found.hidden.text)
        return found if visible else None


def _as_fetched(revision: Revision) -> fetched.Revision:
    """What servers have of a revision: here, its text."""
    return fetched.Revision(
        rev_id=revision.rev_id,
        parent_id=revision.parent_id,
        page=fetched.Page(revision.page_id, 0, ""),
        timestamp=revision.timestamp,
        user=None,
        user_id=None,
        size=revision.size,
        comment=None,
        text=revision.text,
        content_model=None,
    )
