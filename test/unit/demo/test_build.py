"""The wiki file is whole or not there, knows what it was made as, and holds every rarity."""

import sqlite3
from pathlib import Path

import pytest
from liftwing_demo.wiki import WikiStore, build_wiki, wiki_is_current
from liftwing_demo.wiki.catalogue import nasty_revisions

KINDS = (
    *("anonymous", "hidden_user", "hidden_comment", "hidden_text", "hidden_parent_text"),
    *("missing_account", "invalid_name", "null_registration", "no_parent", "deleted"),
    *("deleted_parent", "blanked_page", "blanked_parent", "large", "large_parent", "non_bmp"),
    *("other_namespace", "other_content_model", "ordinary"),
)


@pytest.fixture(scope="module")
def default_wiki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("default") / "wiki.sqlite"
    build_wiki(path)
    return path


@pytest.fixture(scope="module")
def default_nasty(default_wiki: Path) -> dict[str, list[int]]:
    with WikiStore.open(default_wiki) as store:
        return nasty_revisions(store)


@pytest.mark.parametrize("kind", KINDS)
def test_the_default_history_holds(kind: str, default_nasty: dict[str, list[int]]) -> None:
    assert [rev_id for rev_id in default_nasty[kind] if rev_id > 1_000_000]


def test_the_default_history_is_the_continuation_of_a_small_one(
    default_wiki: Path, store: WikiStore
) -> None:
    with WikiStore.open(default_wiki) as long:
        known = {revision.rev_id: revision for revision in long.all_revisions()}
    assert all(known[revision.rev_id] == revision for revision in store.all_revisions())
    assert len(known) > 780


def test_the_first_two_revisions_are_ordinary(nasty: dict[str, list[int]]) -> None:
    assert {1_000_001, 1_000_002} <= set(nasty["ordinary"])


def test_an_ordinary_revision_has_no_trouble(nasty: dict[str, list[int]]) -> None:
    trouble = {"hidden_user", "hidden_text", "hidden_comment", "missing_account", "large"}
    for kind in trouble | {"deleted", "deleted_parent", "no_parent", "other_content_model"}:
        assert not set(nasty["ordinary"]) & set(nasty[kind]), kind


def test_a_wiki_is_current_for_its_own_length_only(wiki_path: Path) -> None:
    assert wiki_is_current(wiki_path, revisions=110)
    assert not wiki_is_current(wiki_path, revisions=111)
    assert not wiki_is_current(wiki_path)


def test_what_is_no_wiki_is_not_current(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.sqlite"
    nonsense.write_bytes(b"not a database" * 100)
    assert not wiki_is_current(nonsense)
    assert not wiki_is_current(tmp_path / "absent.sqlite")


@pytest.mark.usefixtures("unpacked_once")
def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def give_up(what: str, done: int, total: int) -> None:
        if what == "editing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_wiki(tmp_path / "wiki.sqlite", revisions=5, progress=give_up)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("unpacked_once")
def test_a_build_replaces_a_damaged_wiki(tmp_path: Path) -> None:
    path = tmp_path / "wiki.sqlite"
    path.write_bytes(b"rubbish")
    build_wiki(path, revisions=3)
    assert wiki_is_current(path, revisions=3)
    assert [entry.name for entry in tmp_path.iterdir()] == ["wiki.sqlite"]


@pytest.mark.usefixtures("unpacked_once")
def test_progress_ends_at_its_total(tmp_path: Path) -> None:
    seen: dict[str, tuple[int, int]] = {}

    def note(what: str, done: int, total: int) -> None:
        seen[what] = (done, total)

    build_wiki(tmp_path / "wiki.sqlite", revisions=4, progress=note)
    assert seen["editing"] == (4, 4)
    assert all(done == total for done, total in seen.values())


def test_an_open_wiki_cannot_be_written_to(wiki_path: Path) -> None:
    with WikiStore.open(wiki_path) as store, pytest.raises(sqlite3.OperationalError):
        store.set_meta({"more": "facts"})


def test_texts_come_back_as_they_were_stored(store: WikiStore) -> None:
    ids = [revision.rev_id for revision in store.all_revisions() if not revision.deleted]
    for revision in store.revisions(ids, with_text=True).values():
        assert revision.text is not None
        assert len(revision.text.encode()) == revision.size


def test_a_deleted_revision_cannot_be_read(store: WikiStore, nasty: dict[str, list[int]]) -> None:
    assert store.revisions(nasty["deleted"], with_text=True) == {}
