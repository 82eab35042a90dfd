"""Each leaf has its value from the document, and the field, that it stands for."""

from __future__ import annotations

from liftwing_serving.mediawiki.documents import Documents, Page, Revision, User
from liftwing_serving.revscoring.leaves import READERS, context_for
from revscoring.dependencies import solve

TALK = Page(page_id=5, namespace=1, title="Talk:Sand")
PARENT = Revision(11, 10, TALK, "2025-01-01T00:00:00Z", "Bob", 4, 3, "first", "old", "wikitext")
REVISION = Revision(12, 11, TALK, "2025-01-02T00:00:00Z", "Alice", 3, 6, "more", "new", "json")
ALICE = User("Alice", ["*", "sysop"], "2019-05-05T00:00:00Z", 99, "female")

VALUES = {
    "revision.id": 12,
    "revision.timestamp_str": "2025-01-02T00:00:00Z",
    "revision.comment": "more",
    "revision.byte_length": None,
    "revision.minor": False,
    "revision.content_model": "json",
    "revision.text": "new",
    "revision.page.id": 5,
    "revision.page.title": "Sand",
    "revision.page.namespace.id": 1,
    "revision.page.namespace.name": "Talk",
    "revision.user.id": 3,
    "revision.user.text": "Alice",
    "revision.user.info.editcount": 99,
    "revision.user.info.registration_str": "2019-05-05T00:00:00Z",
    "revision.user.info.groups": ["*", "sysop"],
    "revision.user.info.emailable": False,
    "revision.user.info.gender": "female",
    "revision.parent.id": 11,
    "revision.parent.timestamp_str": "2025-01-01T00:00:00Z",
    "revision.parent.comment": "first",
    "revision.parent.byte_length": None,
    "revision.parent.content_model": "wikitext",
    "revision.parent.text": "old",
    "revision.parent.user.id": 4,
    "revision.parent.user.text": "Bob",
}


def test_each_leaf_reads_what_it_is_named_after() -> None:
    leaves = sorted(READERS, key=str)
    context = context_for(set(leaves), Documents(REVISION, PARENT, ALICE))
    found = dict(zip(leaves, solve(leaves, context=context)))
    shown = {str(leaf).removeprefix("datasource."): value for leaf, value in found.items()}
    assert shown == VALUES
