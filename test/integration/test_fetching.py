"""The wiki is asked for what the features read, and for nothing that it cannot have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.light import NAME, serve_light
from support.processes import ModelServer, Wiki
from support.services import Start, make_model


@pytest.fixture(scope="module")
def running_wiki(wiki_file: Path) -> Iterator[Wiki]:
    """One that nobody else asks, whose calls are counted."""
    wiki = Wiki(wiki_file)
    yield wiki
    wiki.close()


@pytest.fixture(scope="module")
def light_server(
    tmp_path_factory: pytest.TempPathFactory, running_wiki: Wiki, light_model: Path
) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("fetching") / "server.log"
    yield from serve_light(log, light_model, running_wiki)


def asked_of(wiki: Wiki) -> tuple[list[int], int]:
    """The revisions that the wiki was asked for, and the number of calls for users."""
    calls = wiki.calls()
    return [rev_id for ids in calls["revids"] for rev_id in ids], calls["by_action"].get("users", 0)


def test_parent_and_user_of_an_ordinary_revision_are_fetched_once(
    light_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_id = nasty["ordinary"][0]
    assert light_server.predict(NAME, {"rev_id": rev_id}).status == 200
    revisions, users = asked_of(wiki)
    assert (revisions[0], len(set(revisions)), len(revisions), users) == (rev_id, 2, 2, 1)


def test_an_editor_without_an_account_is_not_looked_up(
    light_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_ids = nasty["anonymous"][:5] + nasty["invalid_name"][:2]
    answers = [light_server.predict(NAME, {"rev_id": rev_id}) for rev_id in rev_ids]
    assert [answer.status for answer in answers] == [200] * 7
    revisions, users = asked_of(wiki)
    assert set(revisions) >= set(rev_ids)
    assert users == 0


def test_a_pages_first_revision_has_no_parent_to_ask_for(
    light_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_ids = nasty["no_parent"][:5]
    answers = [light_server.predict(NAME, {"rev_id": rev_id}) for rev_id in rev_ids]
    assert asked_of(wiki)[0] == rev_ids
    assert [answer.status for answer in answers] == [200] * 5


def test_neither_parent_nor_user_is_fetched_for_a_model_that_reads_neither(
    start: Start, tmp_path: Path, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    model = tmp_path / "model.bin"
    make_model("write_revision_model", model)
    server = start(MODEL_PATH=model)
    rev_ids = nasty["ordinary"][:5]
    answers = [server.predict(NAME, {"rev_id": rev_id}) for rev_id in rev_ids]
    assert [answer.status for answer in answers] == [200] * 5
    assert asked_of(wiki) == (rev_ids, 0)
