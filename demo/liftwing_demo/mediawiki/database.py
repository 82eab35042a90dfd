"""What importing a dump cannot do: ids, accounts, what is hidden and what is deleted, by SQL.

Imported revisions get new ids and imported users no account, so both are written over.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from liftwing_demo.mediawiki.errors import ImportIncomplete
from liftwing_demo.wiki.namespaces import WIKIPEDIA
from liftwing_demo.wiki.records import Hidden, Page, Revision, User
from liftwing_demo.wiki.store import WikiStore

TEXT_HIDDEN, COMMENT_HIDDEN, USER_HIDDEN = 1, 2, 4
"""Bits of rev_deleted."""
_ARCHIVED = (
    "INSERT INTO archive (ar_namespace, ar_title, ar_comment_id, ar_actor, ar_timestamp,"
    " ar_minor_edit, ar_rev_id, ar_deleted, ar_len, ar_page_id, ar_parent_id, ar_sha1)"
    " SELECT page_namespace, page_title, revcomment_comment_id, rev_actor, rev_timestamp,"
    " rev_minor_edit, rev_id, rev_deleted, rev_len, rev_page, rev_parent_id, rev_sha1"
    " FROM revision JOIN page ON page_id = rev_page"
    " JOIN revision_comment_temp ON revcomment_rev = rev_id WHERE rev_id = ?"
)


def conform(database: Path, store: WikiStore) -> None:
    """Make a wiki into which the store's dump was imported equal to the store.

    Raises:
        ImportIncomplete: a page, a revision or a text is missing or differs.
    """
    revisions = list(store.all_revisions())
    with closing(sqlite3.connect(database)) as connection, connection:
        _forget_installation(connection)
        _number_pages(connection, store, revisions)
        _write_actors(connection, revisions, list(store.users()))
        _write_accounts(connection, store.users())
        _number_revisions(connection, revisions)
        _write_tags(connection, revisions)
        _delete(connection, revisions)
        _point_to_latest(connection)


def api_time(moment: str) -> str:
    """A moment as MediaWiki's tables have it: `2022-03-01T09:05:00Z` is `20220301090500`."""
    return "".join(character for character in moment if character.isdigit())


def hidden_bits(hidden: Hidden) -> int:
    """What is hidden of a revision, as rev_deleted has it."""
    return hidden.text * TEXT_HIDDEN | hidden.comment * COMMENT_HIDDEN | hidden.user * USER_HIDDEN


def _forget_installation(connection: sqlite3.Connection) -> None:
    """Remove what every installation begins with: a main page, an administrator, interwikis."""
    main_page = "SELECT page_id FROM page WHERE page_namespace = 0 AND page_title = 'Main_Page'"
    connection.execute(f"DELETE FROM revision WHERE rev_page IN ({main_page})")
    connection.execute(f"DELETE FROM page WHERE page_id IN ({main_page})")
    accounts = ("user", "user_groups", "user_properties", "actor")
    for table in (*accounts, "recentchanges", "logging", "job", "ip_changes", "interwiki"):
        connection.execute(f"DELETE FROM {table}")


def _number_pages(
    connection: sqlite3.Connection, store: WikiStore, revisions: Iterable[Revision]
) -> None:
    wanted = store.pages(sorted({revision.page_id for revision in revisions})).values()
    rows = connection.execute("SELECT page_namespace, page_title, page_id FROM page")
    found = {(namespace, title): page_id for namespace, title, page_id in rows}
    if found.keys() != {_page_key(page) for page in wanted}:
        raise ImportIncomplete("The imported pages are not those of the dump.")
    # Old and new ids may overlap; negative ones lie in between.
    moves = [(-page.page_id, found[_page_key(page)]) for page in wanted]
    connection.executemany("UPDATE page SET page_id = ? WHERE page_id = ?", moves)
    connection.executemany("UPDATE revision SET rev_page = ? WHERE rev_page = ?", moves)
    connection.execute("UPDATE page SET page_id = -page_id")
    connection.execute("UPDATE revision SET rev_page = -rev_page")


def _page_key(page: Page) -> tuple[int, str]:
    """Namespace and title as MediaWiki's tables have them."""
    prefix = f"{WIKIPEDIA.names[page.namespace]}:" if page.namespace else ""
    return page.namespace, page.title.removeprefix(prefix).replace(" ", "_")


def _write_actors(
    connection: sqlite3.Connection, revisions: Iterable[Revision], accounts: Iterable[User]
) -> None:
    editors = {revision.user_name: revision.user_id for revision in revisions}
    editors |= {account.name: account.user_id for account in accounts}
    connection.executemany(
        "INSERT INTO actor (actor_name, actor_user) VALUES (?, nullif(?, 0))", editors.items()
    )


def _write_accounts(connection: sqlite3.Connection, accounts: Iterable[User]) -> None:
    for user in accounts:
        since = api_time(user.registration) if user.registration else None
        address = f"user{user.user_id}@demo.invalid" if user.emailable else ""
        confirmed = since or "20060101000000" if user.emailable else None
        connection.execute(
            "INSERT INTO user (user_id, user_name, user_password, user_newpassword, user_email,"
            " user_email_authenticated, user_touched, user_registration, user_editcount)"
            " VALUES (?, ?, '', '', ?, ?, '20220101000000', ?, ?)",
            (user.user_id, user.name, address, confirmed, since, user.edit_count),
        )
        connection.executemany(
            "INSERT INTO user_groups (ug_user, ug_group) VALUES (?, ?)",
            [(user.user_id, group) for group in user.groups],
        )
        connection.execute(
            "INSERT INTO user_properties VALUES (?, 'gender', ?)", (user.user_id, user.gender)
        )


def _number_revisions(connection: sqlite3.Connection, revisions: Iterable[Revision]) -> None:
    wanted = {(revision.page_id, api_time(revision.timestamp)): revision for revision in revisions}
    rows = connection.execute("SELECT rev_page, rev_timestamp, rev_sha1, rev_id FROM revision")
    found = {(page_id, moment): (sha1, rev_id) for page_id, moment, sha1, rev_id in rows}
    hashes = {key: sha1 for key, (sha1, _) in found.items()}
    if hashes != {key: revision.sha1 for key, revision in wanted.items()}:
        raise ImportIncomplete("The imported revisions are not those of the dump.")
    for key, revision in wanted.items():
        old_id = found[key][1]
        connection.execute(
            "UPDATE revision SET rev_id = ?, rev_parent_id = ?, rev_deleted = ?,"
            " rev_actor = (SELECT actor_id FROM actor WHERE actor_name = ?) WHERE rev_id = ?",
            (
                revision.rev_id,
                revision.parent_id,
                hidden_bits(revision.hidden),
                revision.user_name,
                old_id,
            ),
        )
        for table, column in (("slots", "slot_revision_id"), ("slots", "slot_origin")):
            _renumber(connection, table, column, old_id, revision.rev_id)
        _renumber(connection, "revision_comment_temp", "revcomment_rev", old_id, revision.rev_id)


def _renumber(
    connection: sqlite3.Connection, table: str, column: str, old_id: int, new_id: int
) -> None:
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new_id, old_id))


def _write_tags(connection: sqlite3.Connection, revisions: Iterable[Revision]) -> None:
    pairs = [(revision.rev_id, tag) for revision in revisions for tag in revision.tags]
    connection.executemany(
        "INSERT OR IGNORE INTO change_tag_def (ctd_name, ctd_user_defined) VALUES (?, 0)",
        [(tag,) for _, tag in pairs],
    )
    connection.executemany(
        "INSERT INTO change_tag (ct_rev_id, ct_tag_id)"
        " SELECT ?, ctd_id FROM change_tag_def WHERE ctd_name = ?",
        pairs,
    )


def _delete(connection: sqlite3.Connection, revisions: Iterable[Revision]) -> None:
    """Move deleted revisions to the archive, as MediaWiki does."""
    for revision in revisions:
        if revision.deleted:
            connection.execute(_ARCHIVED, (revision.rev_id,))
            connection.execute("DELETE FROM revision WHERE rev_id = ?", (revision.rev_id,))


def _point_to_latest(connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE page SET page_latest = (SELECT max(rev_id) FROM revision WHERE rev_page = page_id)"
    )
    connection.execute(
        "UPDATE page SET page_len = (SELECT rev_len FROM revision WHERE rev_id = page_latest)"
    )
