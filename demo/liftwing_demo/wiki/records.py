"""What the demo wiki consists of: pages, accounts, revisions and their labels."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """A page; the titles carry their namespaces' prefixes.

    `item` is the id of its Wikidata item; `redirect` is the title that a redirect leads to, and
    `section` the place in that page. A page may be a mere title, without any revision.
    """

    page_id: int
    namespace: int
    title: str
    content_model: str = "wikitext"
    item: str | None = None
    redirect: str | None = None
    section: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A registered account.

    `registration` is an ISO timestamp, or None for accounts older than MediaWiki's own records.
    `groups` holds the groups given explicitly, never `*`, `user` or `autoconfirmed`.
    """

    user_id: int
    name: str
    registration: str | None
    edit_count: int
    groups: tuple[str, ...] = ()
    gender: str = "unknown"
    emailable: bool = False


@dataclass(frozen=True, slots=True)
class Hidden:
    """Which parts of a revision an administrator has hidden."""

    text: bool = False
    comment: bool = False
    user: bool = False


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a page.

    `parent_id` is 0 for the first one; `user_id` is 0 for anonymous and imported editors.
    `sha1` is in base 36 as in MediaWiki's tables, `size` in bytes. `text` is None when it was not
    read from the store.
    """

    rev_id: int
    parent_id: int
    page_id: int
    user_id: int
    user_name: str
    timestamp: str
    comment: str
    sha1: str
    size: int
    text: str | None
    minor: bool = False
    tags: tuple[str, ...] = ()
    hidden: Hidden = Hidden()
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """The ground truth of one revision; `kind` names the sort of edit that made it."""

    rev_id: int
    kind: str
    damaging: bool
    goodfaith: bool
    reverted: bool = False
