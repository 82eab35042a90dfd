"""Edits go on where the history ends, one by one, and are told as MediaWiki tells them."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from liftwing_demo.live import edits as live_edits
from liftwing_demo.live.edits import Edit, edits, former_edits
from liftwing_demo.live.editor import Editor
from liftwing_demo.live.events import revision_create
from liftwing_demo.wiki import WikiStore, build_wiki
from liftwing_demo.wiki.sites import WIKIPEDIA
from support.events import assert_valid, schemas_folder
from support.model_servers import listening

SEVERAL = 60


@pytest.fixture
def copy(wiki_path: Path, tmp_path: Path) -> Path:
    path = tmp_path / "edited.sqlite"
    shutil.copyfile(wiki_path, path)
    return path


@pytest.fixture
def edited(copy: Path) -> Iterator[WikiStore]:
    with WikiStore.append(copy) as store:
        yield store


def test_the_edits_are_those_of_a_longer_history(edited: WikiStore, tmp_path: Path) -> None:
    made = list(islice(edits(edited), SEVERAL))
    build_wiki(tmp_path / "longer.sqlite", revisions=300)
    rev_ids = [edit.revision.rev_id for edit in made]
    with WikiStore.open(tmp_path / "longer.sqlite") as longer:
        planned = longer.revisions(rev_ids, with_text=True)
    for edit in made:
        plan = planned[edit.revision.rev_id]
        assert (edit.revision.text, edit.revision.comment) == (plan.text, plan.comment)
        assert (edit.revision.parent_id, edit.page.page_id) == (plan.parent_id, plan.page_id)


def test_a_reader_sees_each_edit_with_page_account_and_text(edited: WikiStore, copy: Path) -> None:
    with WikiStore.open(copy) as reader:
        for edit in islice(edits(edited), SEVERAL):
            rev_id = edit.revision.rev_id
            assert reader.revisions([rev_id], with_text=True)[rev_id].text == edit.revision.text
            assert edit.page.page_id in reader.pages([edit.page.page_id])
            if edit.user is not None:
                assert reader.users_of_ids([edit.user.user_id]) == {edit.user.user_id: edit.user}


def test_an_edit_is_made_now_and_newcomers_are_new(edited: WikiStore) -> None:
    before = edited.meta()["now"]
    newcomers = 0
    for edit in islice(edits(edited), 2 * SEVERAL):
        moment = datetime.fromisoformat(edit.revision.timestamp)
        assert timedelta() <= datetime.now(UTC) - moment < timedelta(minutes=1)
        if edit.user and edit.user.registration and edit.user.registration > before:
            newcomers += 1
            age = moment - datetime.fromisoformat(edit.user.registration)
            assert timedelta(days=-1) < age < timedelta(days=30)
    assert newcomers


def test_after_many_edits_former_ones_are_told_again(
    edited: WikiStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_edits, "MOST_EDITS", 20)
    count = sum(1 for _ in edited.all_revisions())
    made = [edit.revision.rev_id for edit in islice(edits(edited), 400)]
    assert len(set(made)) < len(made)
    assert sum(1 for _ in edited.all_revisions()) == count + 20


def test_former_edits_are_in_the_same_order_each_time(store: WikiStore) -> None:
    first, second = (
        [edit.revision.rev_id for edit in islice(former_edits(store), 20)] for _ in range(2)
    )
    assert first == second and len(set(first)) == 20


def test_an_event_is_valid_by_its_schema(store: WikiStore) -> None:
    schemas_folder()
    for edit in islice(former_edits(store), 100):
        event = revision_create(edit, WIKIPEDIA, datetime.now(UTC), "id")
        assert_valid(event, "revision-create-2.0.0")
        assert event["rev_id"] == edit.revision.rev_id
        assert event["performer"]["user_text"] == edit.revision.user_name


class Told:
    """An EventGate and models that remember what they are told."""

    def __init__(self) -> None:
        self.followers: dict[str, int] = {}
        self.told: list[tuple[str, Any]] = []
        self.status = 200

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/_control/followers":
            return web.json_response({"followers": self.followers})
        self.told.append((request.path, json.loads(await request.read())))
        return web.Response(status=self.status)


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    yield Told()


async def test_the_wiki_is_edited_while_somebody_follows_scores(
    store: WikiStore, told: Told
) -> None:
    made: list[int] = []

    def counted() -> Iterator[Edit]:
        for edit in former_edits(store):
            made.append(edit.revision.rev_id)
            yield edit

    async with listening(told) as url, aiohttp.ClientSession() as http:
        editor = Editor(http, url, [f"{url}/damaging", f"{url}/goodfaith"], pause=0.01)
        editing = asyncio.create_task(editor.run(store, counted()))
        await asyncio.sleep(0.7)
        told.followers = {"mediawiki.revision-create": 2}
        await asyncio.sleep(0.7)
        assert made == []
        told.followers = {"mediawiki.revision-score": 1}
        async with asyncio.timeout(20):
            while len(told.told) < 3:
                await asyncio.sleep(0.01)
        # Whoever fails is told of the next edit, too.
        told.status = 500
        async with asyncio.timeout(20):
            while len(told.told) < 12:
                await asyncio.sleep(0.01)
        editing.cancel()
    (first, event), *models = told.told[:3]
    assert (first, event["rev_id"]) == ("/v1/events", made[0])
    assert sorted(path for path, _ in models) == ["/damaging", "/goodfaith"]
    assert all(body == {"event": event} for _, body in models)
