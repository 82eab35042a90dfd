"""The dump that MediaWiki imports is complete, and the rest of a wiki is set by SQL."""

import io
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from liftwing_demo.mediawiki import mediawiki_is_current
from liftwing_demo.mediawiki.database import api_time, conform, hidden_bits
from liftwing_demo.mediawiki.errors import ImportIncomplete
from liftwing_demo.mediawiki.export import write_dump
from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.ledger import base36_sha1
from liftwing_demo.wiki.records import Hidden
from support.environment import environment

EMPTY_TABLES = """
CREATE TABLE page (page_id, page_namespace, page_title, page_latest, page_len);
CREATE TABLE revision (rev_id, rev_page, rev_timestamp, rev_sha1);
"""


@pytest.fixture(scope="module")
def dump(store: WikiStore) -> Element:
    stream = io.StringIO()
    pages = write_dump(store, stream)
    root = fromstring(stream.getvalue())
    assert len(root.findall("{*}page")) == pages
    return root


def test_every_revision_is_in_the_dump_with_its_text(dump: Element, store: WikiStore) -> None:
    known = {revision.rev_id: revision for revision in store.all_revisions()}
    found = {int(item.findtext("{*}id") or 0): item for item in dump.findall("{*}page/{*}revision")}
    assert found.keys() == known.keys()
    for rev_id, item in found.items():
        assert base36_sha1(item.findtext("{*}text") or "") == known[rev_id].sha1
        assert item.findtext("{*}timestamp") == known[rev_id].timestamp
        assert (item.findtext("{*}comment") or "") == known[rev_id].comment
        assert (item.find("{*}minor") is not None) == known[rev_id].minor


def test_hidden_and_deleted_revisions_are_in_the_dump_unhidden(
    dump: Element, nasty: dict[str, list[int]]
) -> None:
    contributors = {
        int(item.findtext("{*}id") or 0): item.find("{*}contributor")
        for item in dump.findall("{*}page/{*}revision")
    }
    for rev_id in (*nasty["hidden_user"], *nasty["deleted"]):
        contributor = contributors[rev_id]
        assert contributor is not None
        assert contributor.findtext("{*}username") or contributor.findtext("{*}ip")


def test_times_and_hidden_parts_are_written_as_mediawikis_tables_have_them() -> None:
    assert api_time("2022-03-01T09:05:00Z") == "20220301090500"
    assert hidden_bits(Hidden()) == 0
    assert hidden_bits(Hidden(text=True, comment=True, user=True)) == 7
    assert hidden_bits(Hidden(user=True)) == 4


def test_an_import_that_took_nothing_is_noticed(tmp_path: Path, store: WikiStore) -> None:
    database = tmp_path / "enwiki.sqlite"
    tables = ("user", "user_groups", "user_properties", "actor", "recentchanges", "logging")
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(EMPTY_TABLES)
        for table in (*tables, "job", "ip_changes", "interwiki"):
            connection.execute(f"CREATE TABLE {table} (id)")
    with pytest.raises(ImportIncomplete, match="pages"):
        conform(database, store)


def test_a_folder_without_a_wiki_is_not_current(tmp_path: Path, wiki_path: Path) -> None:
    assert not mediawiki_is_current(wiki_path, tmp_path)


def test_a_folder_without_a_wiki_cannot_be_served(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "liftwing_demo.mediawiki.serve", "--dir", str(tmp_path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"there is no MediaWiki in {tmp_path}\n"
