"""ORES' API before made-up model servers: what is asked of whom, and what becomes of failures."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from support.model_servers import MISSING, FakeServer, Fronted, fronted, refused

FIFTY = range(1001, 1051)


def score(kind: str, rev_id: int) -> dict[str, Any]:
    return {"score": {"prediction": f"{kind} {rev_id}"}}


async def scores(front: Fronted, **parameters: str) -> Any:
    status, body = await front.get("/v3/scores/enwiki/", **parameters)
    assert status == 200, body
    return body["enwiki"]


async def test_fifty_revisions_by_two_models_of_one_server_are_one_call(
    front: Fronted, edits: FakeServer, articles: FakeServer
) -> None:
    told = await scores(front, models="damaging|goodfaith", revids="|".join(map(str, FIFTY)))
    assert edits.asked == [
        ("/v1/scores", {"rev_ids": list(FIFTY), "models": ["damaging", "goodfaith"]})
    ]
    assert articles.asked == []
    assert told["models"] == {
        "damaging": {"version": "damaging-1"},
        "goodfaith": {"version": "goodfaith-1"},
    }
    assert list(told["scores"]) == [str(rev_id) for rev_id in FIFTY]
    assert told["scores"]["1007"] == {
        "damaging": score("damaging", 1007),
        "goodfaith": score("goodfaith", 1007),
    }


@pytest.mark.alone
async def test_servers_are_asked_side_by_side_and_once_each(
    front: Fronted, edits: FakeServer, articles: FakeServer
) -> None:
    edits.seconds = articles.seconds = 0.3
    began = asyncio.get_running_loop().time()
    told = await scores(front, models="goodfaith|articlequality|damaging", revids="7|8")
    assert asyncio.get_running_loop().time() - began < 0.55
    assert list(told["models"]) == list(told["scores"]["8"])
    assert list(told["models"]) == ["goodfaith", "articlequality", "damaging"]
    assert [call["rev_ids"] for call in edits.score_calls + articles.score_calls] == [[7, 8]] * 2


async def test_no_server_is_asked_for_more_than_its_batches_hold(
    opened: AsyncExitStack, edits: FakeServer
) -> None:
    edits.max_revisions = 20
    entries = f"enwiki-* {edits.url}"
    asked = {"models": "damaging", "revids": "|".join(map(str, FIFTY))}
    told = await scores(await opened.enter_async_context(fronted(entries)), **asked)
    assert [len(call["rev_ids"]) for call in edits.score_calls] == [50, 25, 12, 13, 25, 12, 13]
    assert told["scores"]["1050"]["damaging"] == score("damaging", 1050)
    edits.asked.clear()
    told = await scores(
        await opened.enter_async_context(fronted(entries, max_instances=20)), **asked
    )
    assert sorted(len(call["rev_ids"]) for call in edits.score_calls) == [10, 20, 20]
    assert len(told["scores"]) == 50


async def test_without_models_all_that_are_there_are_asked(
    front: Fronted, edits: FakeServer, articles: FakeServer
) -> None:
    """The table has more for English Wikipedia, but the servers do not."""
    told = await scores(front, revids="7")
    assert set(told["scores"]["7"]) == {"damaging", "goodfaith", "articlequality"}


async def test_wp10_means_articlequality(front: Fronted, articles: FakeServer) -> None:
    told = await scores(front, models="wp10", revids="7")
    assert told == {
        "models": {"wp10": {"version": "articlequality-1"}},
        "scores": {"7": {"wp10": score("articlequality", 7)}},
    }
    both = await scores(front, models="wp10|articlequality", revids="7")
    assert both["scores"]["7"]["wp10"] == both["scores"]["7"]["articlequality"]
    assert articles.score_calls[-1]["models"] == ["articlequality"]


async def test_a_revision_that_cannot_be_is_not_found_in_its_place(
    front: Fronted, edits: FakeServer
) -> None:
    told = await scores(front, models="damaging", revids=f"0|7|{MISSING}|-3|{2**55}")
    kinds = {
        rev_id: entry["damaging"].get("error", {}).get("type")
        for rev_id, entry in told["scores"].items()
    }
    gone = "RevisionNotFound"
    assert kinds == {"0": gone, "7": None, str(MISSING): gone, "-3": gone, str(2**55): gone}
    assert edits.score_calls[0]["rev_ids"] == [7, MISSING]
    told = await scores(front, models="damaging", revids="0")
    assert told["scores"]["0"]["damaging"]["error"]["message"] == (
        "RevisionNotFound: Could not find revision ({revision}:0)"
    )


async def test_features_and_injected_values_go_there_and_come_back(
    front: Fronted, edits: FakeServer
) -> None:
    inject = json.dumps({"8": {"feature.x": 1}})
    told = await scores(front, models="damaging", revids="7|8", features="", inject=inject)
    assert edits.score_calls[0] == {
        "rev_ids": [7, 8],
        "models": ["damaging"],
        "extended_output": True,
        "inject": {"8": {"feature.x": 1}},
    }
    assert told["scores"]["7"]["damaging"] == {
        **score("damaging", 7),
        "features": {"feature.id": 7},
    }
    assert told["scores"]["8"]["damaging"]["injected"] == {"feature.x": 1}


async def test_model_information_is_asked_of_each_model(front: Fronted) -> None:
    asked = 'statistics.thresholds.true."maximum recall @ precision >= 0.9"'
    told = await scores(front, models="damaging|wp10", model_info=asked)
    assert told == {"models": {"damaging": {"asked": asked}, "wp10": {"asked": asked}}}
    told = await scores(front, models="damaging", model_info="", revids="7")
    assert told["models"] == {"damaging": {"asked": ""}}
    assert told["scores"]["7"]["damaging"] == score("damaging", 7)
    status, body = await front.get("/v3/scores/enwiki", models="damaging", model_info="nothing")
    assert (status, body["error"]["code"]) == (400, "bad request")
    assert body["error"]["message"] == (
        "Model information could not be retrieved for enwiki-damaging: "
        "no such part; the grammar is ..."
    )


async def test_lists_tell_the_models_that_are_there(front: Fronted, edits: FakeServer) -> None:
    versions = {
        kind: {"version": f"{kind}-1"} for kind in ("articlequality", "damaging", "goodfaith")
    }
    for path in ("/v3/scores", "/v3/scores/", "//v3/scores/", "/service/lw/inference/v3/scores/"):
        assert await front.get(path) == (200, {"enwiki": {"models": versions}})
    assert await front.get("/v3/scores/enwiki") == (200, {"enwiki": {"models": versions}})
    assert await front.get("/v2/scores/") == (200, {"scores": {"enwiki": versions}})
    assert await front.get("/scores/") == (200, {"contexts": ["enwiki"]})
    names = {f"enwiki-{kind}" for kind in versions}
    status, body = await front.get("/v1/models")
    assert (status, set(body["models"])) == (200, names)
    assert len(edits.asked) == 1


async def test_unknown_wikis_and_models_are_told_as_ores_told_them(front: Fronted) -> None:
    for path in ("/v3/scores/xwiki/", "/v3/scores/dewiki/7/damaging/"):
        wiki = path.split("/")[3]
        text = f"No scorers available for {wiki}"
        assert await front.get(path) == (404, {"error": {"code": "not found", "message": text}})
    for kind in ("luck", "drafttopic"):
        status, body = await front.get("/v3/scores/enwiki/", models=f"damaging|{kind}", revids="7")
        assert status == 404
        assert body["error"]["message"] == f"Models ('{kind}',) not available for enwiki"


async def test_the_older_versions_have_their_own_shapes(front: Fronted) -> None:
    bare = score("damaging", 7)["score"]
    asked = "/scores/enwiki/damaging/7/"
    assert await front.get(f"/v2{asked}") == (
        200,
        {"scores": {"enwiki": {"damaging": {"version": "damaging-1", "scores": {"7": bare}}}}},
    )
    assert await front.get(f"/v1{asked}") == (200, {"7": bare})
    assert await front.get(asked) == (200, {"7": bare})
    status, body = await front.get("/scores/enwiki", models="damaging", revids=f"7|{MISSING}")
    assert body["7"] == {"damaging": bare}
    assert body[str(MISSING)]["damaging"]["error"]["type"] == "RevisionNotFound"
    _, body = await front.get("/v2/scores/enwiki/damaging", revids="7", features="", model_info="t")
    assert body["scores"]["enwiki"]["damaging"]["features"] == {"7": {"feature.id": 7}}
    assert body["scores"]["enwiki"]["damaging"]["info"] == {"asked": "t"}


async def test_a_form_asks_what_a_url_asks(front: Fronted) -> None:
    form = {"models": "damaging", "revids": "7", "format": "json"}
    status, body, _ = await front.call("POST", "/v3/scores/enwiki/", data=form)
    assert (status, body["enwiki"]["scores"]) == (200, {"7": {"damaging": score("damaging", 7)}})
    assert (await front.call("POST", "/v3/scores/"))[0] == 405


async def test_an_event_is_scored_by_all_models_of_its_wiki(front: Fronted) -> None:
    event = {"database": "enwiki", "rev_id": 7}
    status, body, _ = await front.call("POST", "/v3/precache/", json=event)
    assert status == 200
    assert set(body["enwiki"]["scores"]["7"]) == {"articlequality", "damaging", "goodfaith"}
    status, body, _ = await front.call("POST", "/v3/precache", json={**event, "database": "xwiki"})
    assert (status, body) == (204, "")
    for wrong in (b"no", b"[]", b'{"rev_id": 7}'):
        assert (await front.call("POST", "/v3/precache/", data=wrong))[0] == 400


async def test_one_server_that_fails_costs_the_scores_of_its_models_only(
    front: Fronted, edits: FakeServer, articles: FakeServer
) -> None:
    articles.refusal = refused(503, "It stops.")
    told = await scores(front, models="damaging|articlequality", revids="7")
    assert told["scores"]["7"]["damaging"] == score("damaging", 7)
    error = {"type": "Unavailable", "message": "It stops."}
    assert told["scores"]["7"]["articlequality"] == {"error": error}
    assert len(articles.score_calls) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "too_many_requests"), (503, "server overloaded"), (502, "bad gateway")],
)
async def test_backpressure_is_passed_on_and_not_repeated(
    front: Fronted, edits: FakeServer, articles: FakeServer, status: int, code: str
) -> None:
    edits.refusal = refused(status, "Later.", **{"Retry-After": "7"})
    articles.refusal = refused(status, "Later.", **{"Retry-After": "9"})
    asked = {"models": "damaging|goodfaith|articlequality", "revids": "7|8"}
    answered = await front.call("GET", "/v3/scores/enwiki/", params=asked)
    assert answered[:2] == (status, {"error": {"code": code, "message": "Later."}})
    assert answered[2]["Retry-After"] == "9"
    assert len(edits.asked) == len(articles.asked) == 1


async def test_injected_values_that_a_server_refuses_are_a_400(
    front: Fronted, edits: FakeServer
) -> None:
    assert (await front.get("/v3/scores/enwiki/"))[0] == 200
    edits.refusal = refused(400, "There is nothing called feature.x to inject.")
    status, body = await front.get("/v3/scores/enwiki/7/damaging", **{"feature.x": "1"})
    assert (status, body["error"]["code"]) == (400, "bad request")
    assert "feature.x" in body["error"]["message"]


async def test_what_a_server_had_is_remembered_while_it_is_away(
    front: Fronted, edits: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from liftwing_serving.ores import directory

    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(directory, "PAUSE_SECONDS", 0.0)
    before = await front.get("/v3/scores/enwiki/")
    edits.refusal = refused(503, "It stops.")
    assert await front.get("/v3/scores/enwiki/") == before
    status, body = await front.get("/v3/scores/enwiki/", models="damaging", revids="7")
    assert (status, body["error"]["code"]) == (503, "server overloaded")
    edits.refusal = None
    assert (await scores(front, models="damaging", revids="7"))["scores"]["7"]


async def test_a_version_that_cannot_be_told_is_not_told(
    front: Fronted, edits: FakeServer, articles: FakeServer
) -> None:
    """Clients keep what a list says of versions."""
    edits.refusal = refused(503, "It loads.")
    status, body = await front.get("/v3/scores/enwiki/", models="damaging")
    assert status == 503
    told = await scores(front)
    assert told == {"models": {"articlequality": {"version": "articlequality-1"}}}


async def test_models_that_a_server_gets_or_loses_are_noticed(
    front: Fronted, edits: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from liftwing_serving.ores import directory

    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)
    edits.kinds = ("damaging",)
    assert set((await scores(front))["models"]) == {"articlequality", "damaging"}
    edits.kinds = ("goodfaith",)
    told = await scores(front, models="goodfaith", revids="7")
    assert told["scores"]["7"]["goodfaith"] == score("goodfaith", 7)
    status, body = await front.get("/v3/scores/enwiki/7/damaging/")
    assert status == 404
    assert body["error"]["message"] == "Models ('damaging',) not available for enwiki"


async def test_a_wiki_of_which_nothing_is_known_yet_may_be_there_later(
    opened: AsyncExitStack, edits: FakeServer
) -> None:
    edits.wiki = "mywiki"
    edits.refusal = refused(503, "It loads.")
    front = await opened.enter_async_context(fronted(f"mywiki-* {edits.url}"))
    for path in ("/v3/scores/mywiki/", "/v3/scores/mywiki/7/damaging/"):
        assert (await front.get(path))[0] == 503
    assert (await front.get("/v3/scores/otherwiki/7/damaging/"))[0] == 404


async def test_wikis_that_clients_make_up_do_not_fill_the_memory(
    opened: AsyncExitStack, edits: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from liftwing_serving.ores import directory

    monkeypatch.setattr(directory, "MAX_SERVERS", 10)
    front = await opened.enter_async_context(fronted(f"* {edits.url} {{name}}.test"))
    for number in range(30):
        await front.get(f"/v3/scores/made{number}up/7/damaging/")
    assert len(front.directory._learned) <= 10
