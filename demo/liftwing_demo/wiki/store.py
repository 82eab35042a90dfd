"""The demo wiki on disk: an SQLite file with compressed texts, written once, and then read or added
to."""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from liftwing_demo.wiki.records import Hidden, Labels, Page, Revision, User
from liftwing_demo.wiki.sites import SITES, Site

FORMAT_VERSION = 3
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE page (page_id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL,
    title TEXT NOT NULL UNIQUE, content_model TEXT NOT NULL, item TEXT, redirect TEXT,
    section TEXT NOT NULL);
CREATE TABLE user (user_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, registration TEXT,
    edit_count INTEGER NOT NULL, groups TEXT NOT NULL, gender TEXT NOT NULL,
    emailable INTEGER NOT NULL);
CREATE TABLE content (sha1 TEXT PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE revision (rev_id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL,
    page_id INTEGER NOT NULL, user_id INTEGER NOT NULL, user_name TEXT NOT NULL,
    timestamp TEXT NOT NULL, comment TEXT NOT NULL, sha1 TEXT NOT NULL, size INTEGER NOT NULL,
    minor INTEGER NOT NULL, tags TEXT NOT NULL, hide_text INTEGER NOT NULL,
    hide_comment INTEGER NOT NULL, hide_user INTEGER NOT NULL, deleted INTEGER NOT NULL);
CREATE TABLE label (rev_id INTEGER PRIMARY KEY, kind TEXT NOT NULL, damaging INTEGER NOT NULL,
    goodfaith INTEGER NOT NULL, reverted INTEGER NOT NULL);
"""
_REVISION_COLUMNS = (
    "r.rev_id, r.parent_id, r.page_id, r.user_id, r.user_name, r.timestamp, r.comment, r.sha1,"
    " r.size, r.minor, r.tags, r.hide_text, r.hide_comment, r.hide_user, r.deleted"
)


class WikiStore:
    """Read and write access to one wiki file; a context manager that closes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new, empty wiki that may lose everything if the machine stops before it is closed."""
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN")
        return cls(connection)

    @classmethod
    def open(cls, path: Path) -> Self:
        """An existing wiki, read only.

        Raises:
            sqlite3.Error: there is no such file, or it is not a wiki.
        """
        uri = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        connection.execute("SELECT 1 FROM meta LIMIT 1")
        return cls(connection)

    @classmethod
    def append(cls, path: Path) -> Self:
        """An existing wiki to `save` further revisions in, while others read it.

        Raises:
            sqlite3.Error: there is no such file, or it is not a wiki.
        """
        uri = f"{path.resolve().as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        return cls(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is pending and let go of the file."""
        if self._connection.in_transaction:
            self._connection.commit()
        self._connection.close()

    def add_revision(self, revision: Revision, labels: Labels) -> None:
        """Enter a revision with its text; equal texts are kept once."""
        packed = zlib.compress((revision.text or "").encode(), 1)
        self._connection.execute(
            "INSERT OR IGNORE INTO content VALUES (?, ?)", (revision.sha1, packed)
        )
        hidden = revision.hidden
        row = (
            *(revision.rev_id, revision.parent_id, revision.page_id),
            *(revision.user_id, revision.user_name, revision.timestamp, revision.comment),
            *(revision.sha1, revision.size, revision.minor, ",".join(revision.tags)),
            *(hidden.text, hidden.comment, hidden.user, revision.deleted),
        )
        self._insert("revision", row)
        self._insert(
            "label",
            (labels.rev_id, labels.kind, labels.damaging, labels.goodfaith, labels.reverted),
        )

    def add_page(self, page: Page) -> None:
        """Enter a page."""
        texts = (page.title, page.content_model, page.item, page.redirect, page.section)
        self._insert("page", (page.page_id, page.namespace, *texts))

    def add_user(self, user: User) -> None:
        """Enter an account."""
        numbers = (user.user_id, user.name, user.registration, user.edit_count)
        self._insert("user", (*numbers, ",".join(user.groups), user.gender, user.emailable))

    def save(
        self, revision: Revision, labels: Labels, pages: Iterable[Page], users: Iterable[User]
    ) -> None:
        """Enter a revision with what is new with it, so that readers see all of it or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        for page in pages:
            # Until now it may have been a mere title that others link to.
            self._connection.execute("DELETE FROM page WHERE title = ?", (page.title,))
            self.add_page(page)
        for user in users:
            self.add_user(user)
        self.add_revision(revision, labels)
        self._connection.execute("COMMIT")

    def set_meta(self, values: dict[str, str]) -> None:
        """Note facts about the wiki itself, for example its seed."""
        self._connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())

    def mark_reverted(self, rev_ids: Iterable[int]) -> None:
        """Set the label `reverted` of some revisions."""
        self._connection.executemany(
            "UPDATE label SET reverted = 1 WHERE rev_id = ?", ((rev_id,) for rev_id in rev_ids)
        )

    def meta(self) -> dict[str, str]:
        """Facts about the wiki: `wiki` (its database), `format`, `seed`, its size and `now`."""
        return dict(self._connection.execute("SELECT key, value FROM meta"))

    def site(self) -> Site:
        """Which wiki this is."""
        return SITES[self.meta()["wiki"]]

    def pages(self, page_ids: Sequence[int]) -> dict[int, Page]:
        """The pages with these ids, those that exist, by id."""
        rows = self._select("SELECT * FROM page WHERE page_id IN", page_ids)
        return {row[0]: Page(*row) for row in rows}

    def pages_titled(self, titles: Sequence[str]) -> dict[str, Page]:
        """The pages with these titles, those that exist, by title."""
        rows = self._select("SELECT * FROM page WHERE title IN", titles)
        return {row[2]: Page(*row) for row in rows}

    def written_pages(self) -> Iterator[Page]:
        """The pages with revisions, by id."""
        return self._pages("IN")

    def mere_titles(self) -> Iterator[Page]:
        """The pages without any revision, by id."""
        return self._pages("NOT IN")

    def users_named(self, names: Sequence[str]) -> dict[str, User]:
        """The accounts with these names, those that exist, by name."""
        rows = self._select("SELECT * FROM user WHERE name IN", names)
        return {row[1]: _user(row) for row in rows}

    def users_of_ids(self, user_ids: Sequence[int]) -> dict[int, User]:
        """The accounts with these ids, those that exist, by id."""
        rows = self._select("SELECT * FROM user WHERE user_id IN", user_ids)
        return {row[0]: _user(row) for row in rows}

    def users(self) -> Iterator[User]:
        """Every account, by id."""
        return map(_user, self._connection.execute("SELECT * FROM user ORDER BY user_id"))

    def revisions(self, rev_ids: Sequence[int], with_text: bool = False) -> dict[int, Revision]:
        """The revisions with these ids, those neither deleted nor unknown, by id."""
        rows = self._select(
            f"SELECT {_columns(with_text)} WHERE r.deleted = 0 AND r.rev_id IN", rev_ids
        )
        return {row[0]: _revision(row) for row in rows}

    def text(self, sha1: str) -> str:
        """The text with this hash, of whatever revisions have it."""
        (row,) = self._select("SELECT text FROM content WHERE sha1 IN", [sha1])
        text: str = zlib.decompress(row[0]).decode()
        return text

    def latest_revisions(
        self, page_ids: Sequence[int], with_text: bool = False
    ) -> dict[int, Revision]:
        """The last revision of each of these pages, by page id."""
        newest = self._select(
            "SELECT max(rev_id) FROM revision WHERE deleted = 0 AND page_id IN",
            page_ids,
            "GROUP BY page_id",
        )
        found = self.revisions([row[0] for row in newest], with_text)
        return {revision.page_id: revision for revision in found.values()}

    def all_revisions(self) -> Iterator[Revision]:
        """Every revision without its text, deleted ones too, by id."""
        query = f"SELECT {_columns(False)} ORDER BY r.rev_id"
        return map(_revision, self._connection.execute(query))

    def labels(self) -> Iterator[Labels]:
        """The ground truth of every revision, by id."""
        rows = self._connection.execute("SELECT * FROM label ORDER BY rev_id")
        return (Labels(row[0], row[1], *map(bool, row[2:])) for row in rows)

    def _pages(self, among: str) -> Iterator[Page]:
        query = f"SELECT * FROM page WHERE page_id {among} (SELECT page_id FROM revision)"
        rows = self._connection.execute(f"{query} ORDER BY page_id")
        return (Page(*row) for row in rows)

    def _insert(self, table: str, row: tuple[Any, ...]) -> None:
        marks = ", ".join("?" * len(row))
        self._connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)

    def _select(self, query: str, values: Sequence[Any], tail: str = "") -> list[tuple[Any, ...]]:
        marks = ", ".join("?" * len(values))
        return self._connection.execute(f"{query} ({marks}) {tail}", tuple(values)).fetchall()


def _columns(with_text: bool) -> str:
    if with_text:
        return f"{_REVISION_COLUMNS}, c.text FROM revision r JOIN content c USING (sha1)"
    return f"{_REVISION_COLUMNS} FROM revision r"


def _revision(row: tuple[Any, ...]) -> Revision:
    rev_id, parent_id, page_id, user_id, user_name, timestamp, comment, sha1, size = row[:9]
    return Revision(
        rev_id=rev_id,
        parent_id=parent_id,
        page_id=page_id,
        user_id=user_id,
        user_name=user_name,
        timestamp=timestamp,
        comment=comment,
        sha1=sha1,
        size=size,
        text=zlib.decompress(row[15]).decode() if len(row) > 15 else None,
        minor=bool(row[9]),
        tags=_split(row[10]),
        hidden=Hidden(*map(bool, row[11:14])),
        deleted=bool(row[14]),
    )


def _user(row: tuple[Any, ...]) -> User:
    user_id, name, registration, edit_count, groups, gender, emailable = row
    return User(user_id, name, registration, edit_count, _split(groups), gender, bool(emailable))


def _split(joined: str) -> tuple[str, ...]:
    return tuple(joined.split(",")) if joined else ()
