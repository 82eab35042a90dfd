"""Clients of ORES and of Lift Wing before the front and real model servers of two families.

MediaWiki's extension is replayed, in both of its modes; oresapi and liftwing are those of the
registry; the gadgets' requests are as they send them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from liftwing import RevscoringModel
from oresapi import Session
from support.front import Front
from support.ores_extension import JobFailed, LiftWingMode, OresMode
from support.ores_spec import check_answer
from support.processes import ROOT, ModelServer, Wiki

EDITS = ("enwiki-damaging", "enwiki-goodfaith")
ARTICLES = "enwiki-articlequality"
GONE = 99_999_999
# Those of the extension's own configuration for damaging.
FORMULAS = {
    "false": ["maximum recall @ precision >= 0.995"],
    "true": [
        "maximum filter_rate @ recall >= 0.9",
        "maximum recall @ precision >= 0.6",
        "maximum recall @ precision >= 0.995",
    ],
}


@dataclass
class Served:
    """The front, and the servers behind it."""

    front: Front
    edits: ModelServer
    articles: ModelServer

    @property
    def base(self) -> str:
        """As $wgOresBaseUrl and $wgOresLiftWingBaseUrl have it."""
        return f"{self.front.url}/"


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, tested_model: Path, running_wiki: Wiki
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("front")
    for name in (*EDITS, ARTICLES):
        (folder / name).mkdir()
        (folder / name / "model.bin").symlink_to(tested_model)
    url = {"WIKI_URL": running_wiki.url}
    of_edits = {"INFERENCE_NAME": ",".join(EDITS), "MODEL_PATH": str(folder)}
    of_articles = {
        "INFERENCE_NAME": ARTICLES,
        "MODEL_PATH": str(folder / ARTICLES / "model.bin"),
        "MODEL_VERSION": "0.9.2",
    }
    edits = ModelServer(folder / "edits.log", of_edits | url, wait=False)
    program = ROOT / "revscoring/articlequality/model-server/model.py"
    articles = ModelServer(folder / "articles.log", of_articles | url, program=program)
    edits.wait_until_ready()
    entries = f"{ARTICLES} {articles.url}, enwiki-* {edits.url}"
    front = Front(folder / "front.log", entries, {"CORS_ALLOWED_ORIGINS": "*"})
    yield Served(front, edits, articles)
    assert [one.close() for one in (front, edits, articles)] == [0, 0, 0]


@pytest.fixture
def rev_ids(nasty: dict[str, list[int]]) -> list[int]:
    return nasty["ordinary"][:6]


def direct(served: Served, kind: str, rev_id: int) -> Any:
    """The score that the model server itself tells."""
    name = f"enwiki-{kind}"
    server = served.articles if name == ARTICLES else served.edits
    answer = server.predict(name, {"rev_id": rev_id})
    return answer.json["enwiki"]["scores"][str(rev_id)][kind]["score"]


@pytest.mark.parametrize("with_host", [False, True])
def test_the_extensions_lift_wing_mode_stores_the_scores_of_every_model(
    served: Served, wiki: Wiki, rev_ids: list[int], with_host: bool
) -> None:
    extension = LiftWingMode(served.base, with_host=with_host)
    rows = extension.job(["damaging", "goodfaith", "wp10"], [*rev_ids, GONE])
    assert list(rows) == rev_ids
    for rev_id, by_model in rows.items():
        versions = {model: row.pop("version") for model, row in by_model.items()}
        assert versions == {"damaging": "0.0.1", "goodfaith": "0.0.1", "wp10": "0.9.2"}
        for model, row in by_model.items():
            kind = {"wp10": "articlequality"}.get(model, model)
            assert row == direct(served, kind, rev_id)


def test_what_the_extension_does_not_know_fails_its_job(
    served: Served, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    with pytest.raises(JobFailed, match="404.*does not exist"):
        LiftWingMode(served.base).job(["draftquality"], [1000010])
    with pytest.raises(JobFailed, match="400.*Missing resource"):
        LiftWingMode(served.base).job(["damaging"], nasty["hidden_text"][:1])


def test_the_extensions_ores_mode_finds_versions_scores_and_thresholds(
    served: Served, wiki: Wiki, rev_ids: list[int]
) -> None:
    extension = OresMode(served.base)
    assert extension.models() == {
        "articlequality": "0.9.2",
        "damaging": "0.0.1",
        "goodfaith": "0.0.1",
    }
    rows = extension.job(["damaging", "goodfaith"], [*rev_ids, GONE])
    assert list(rows) == rev_ids
    for rev_id, by_model in rows.items():
        for model, row in by_model.items():
            assert row == direct(served, model, rev_id)
    found = extension.thresholds("damaging", FORMULAS)
    (good,), (filtering, likely, unattainable) = found["false"], found["true"]
    assert isinstance(good, float) and isinstance(filtering, float) and isinstance(likely, float)
    assert 0 < likely < 1 and (unattainable is None or unattainable >= likely)


def test_a_revision_without_a_text_fails_the_ores_modes_job_after_the_others(
    served: Served, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    with pytest.raises(JobFailed, match="TextDeleted: Text deleted"):
        OresMode(served.base).job(["damaging"], nasty["hidden_text"][:1])


def test_oresapi_has_a_score_or_an_error_for_each_revision(
    served: Served, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_ids = [*nasty["ordinary"][:60], GONE, 0]
    session = Session(served.front.url, user_agent="tests of the front")
    models = ["damaging", "goodfaith"]
    told = list(session.score("enwiki", models, rev_ids))
    assert len(told) == 62
    for rev_id, by_model in zip(rev_ids[:3], told):
        for model in models:
            assert by_model[model]["score"] == direct(served, model, rev_id)
    assert all("score" in by_model["damaging"] for by_model in told[:60])
    assert [it["damaging"]["error"]["type"] for it in told[60:]] == ["RevisionNotFound"] * 2
    (failed,) = session.score("enwiki", ["luck"], [rev_ids[0]])
    assert "not available for enwiki" in str(failed["luck"]["error"])


def test_the_liftwing_client_gets_what_the_model_server_answers(
    served: Served, wiki: Wiki, rev_ids: list[int]
) -> None:
    base = f"{served.front.url}/service/lw/inference/v1/models"
    model = RevscoringModel("damaging", "enwiki", base)
    payload = {"rev_id": rev_ids[0], "extended_output": True}
    assert model.request(payload) == served.edits.predict(EDITS[0], payload).json


def test_huggle_asks_for_one_revision_and_all_models(
    served: Served, wiki: Wiki, rev_ids: list[int]
) -> None:
    rev_id = rev_ids[0]
    scores = served.front.get(f"/v3/scores/enwiki?revids={rev_id}").json["enwiki"]["scores"]
    for kind in ("damaging", "goodfaith"):
        assert scores[str(rev_id)][kind]["score"]["probability"] == (
            direct(served, kind, rev_id)["probability"]
        )


def test_the_rtrc_gadget_asks_from_a_page_of_the_wiki(
    served: Served, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    origin = {"Origin": "https://en.wikipedia.org"}
    listed = served.front.get("/v3/scores/enwiki", origin)
    assert "damaging" in listed.json["enwiki"]["models"]
    assert listed.headers["access-control-allow-origin"] == "*"
    revids = "|".join(map(str, [*nasty["ordinary"][:19], GONE]))
    told = served.front.get("/v3/scores/enwiki", origin, models="damaging", revids=revids)
    scores = told.json["enwiki"]["scores"]
    assert len(scores) == 20
    assert all(
        "error" in it["damaging"] or 0 <= it["damaging"]["score"]["probability"]["true"] <= 1
        for it in scores.values()
    )


def test_wikiedudashboard_reads_features_of_articles(
    served: Served, wiki: Wiki, rev_ids: list[int]
) -> None:
    asked = {"rev_id": rev_ids[0], "extended_output": True}
    path = "/service/lw/inference/v1/models/enwiki-articlequality:predict"
    answer = served.front.post(path, json.dumps(asked).encode())
    entry = answer.json["enwiki"]["scores"][str(rev_ids[0])]["articlequality"]
    assert entry["features"]["feature.wikitext.revision.chars"] > 0
    revids = f"{rev_ids[0]}|0"
    told = served.front.get(
        "/v3/scores/enwiki", revids=revids, features="true", models="articlequality"
    )
    scores = told.json["enwiki"]["scores"]
    assert scores[str(rev_ids[0])]["articlequality"]["features"] == entry["features"]
    assert scores["0"]["articlequality"]["error"]["type"] == "RevisionNotFound"


def test_answers_are_as_their_description_says(
    served: Served, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    of_wiki = "/v3/scores/enwiki/"
    revids = "|".join(map(str, [*nasty["ordinary"][:2], *nasty["hidden_text"][:1], GONE, 0]))
    asked: list[tuple[str, dict[str, str]]] = [
        ("/v3/scores/", {}),
        (of_wiki, {}),
        (of_wiki, {"revids": revids, "features": "", "model_info": "statistics"}),
        (of_wiki, {"models": "luck", "revids": revids}),
        (of_wiki, {"model_info": "nothing"}),
    ]
    seen = []
    for path, parameters in asked:
        answer = served.front.get(path, {}, **parameters)
        check_answer("GET", path, answer.status, answer.json)
        seen.append(answer.status)
    assert seen == [200, 200, 200, 404, 400]


def test_people_see_scores_and_versions_without_scripts(
    served: Served, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    scored, hidden = nasty["ordinary"][0], nasty["hidden_text"][0]
    page = served.front.get("/ui/", wiki="enwiki", revids=f"{scored}, {hidden}", features="true")
    assert page.status == 200
    text = page.body.decode()
    for kind in ("articlequality", "damaging", "goodfaith"):
        likely = direct(served, kind, scored)["probability"]["true"]
        head = f'<th scope="row">{scored}</th><td>{kind}</td>'
        assert f"true {100 * likely:.1f} %" in text.partition(head)[2].partition("</tr>")[0]
    assert text.count("<strong>TextDeleted</strong>: Text deleted") == 3
    assert text.count("<code>feature.wikitext.revision.chars</code>") == 3
    versions = served.front.get("/versions/").body.decode()
    assert '<th scope="row">enwiki-articlequality</th><td>0.9.2</td>' in versions


def test_values_are_injected_through_the_front(
    served: Served, wiki: Wiki, rev_ids: list[int]
) -> None:
    chars = "feature.wikitext.revision.chars"
    path = f"/v3/scores/enwiki/{rev_ids[0]}/damaging/"
    entry = served.front.get(path, {}, **{chars: "3", "features": ""}).json
    told = entry["enwiki"]["scores"][str(rev_ids[0])]["damaging"]
    assert (told["features"][chars], told["injected"]) == (3, {chars: 3})
    wrong = served.front.get(path, {}, **{"feature.wikitext.revision.char": "3"})
    assert (wrong.status, wrong.json["error"]["code"]) == (400, "bad request")
    assert f"Did you mean {chars}" in wrong.json["error"]["message"]


def test_fifty_revisions_by_two_models_are_one_call_to_their_server_and_three_to_the_wiki(
    all_models_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]], tmp_path: Path
) -> None:
    front = Front(tmp_path / "log", f"enwiki-* {all_models_server.url}")
    asked = 'liftwing_requests_total{model="/v1/scores",status="200"}'
    try:
        before = all_models_server.metrics().get(asked, 0)
        rev_ids = nasty["ordinary"][:50]
        told = front.get(
            "/v3/scores/enwiki/", models="damaging|goodfaith", revids="|".join(map(str, rev_ids))
        )
        scores = told.json["enwiki"]["scores"]
        assert [int(rev_id) for rev_id in scores] == rev_ids
        assert all(set(it) == {"damaging", "goodfaith"} for it in scores.values())
        assert all("score" in one for it in scores.values() for one in it.values())
        assert all_models_server.metrics()[asked] == before + 1
        assert wiki.calls()["total"] == 3
    finally:
        assert front.close() == 0


@pytest.mark.alone
def test_what_is_not_done_in_time_stands_in_its_place(
    all_models_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]], tmp_path: Path
) -> None:
    front = Front(tmp_path / "log", f"enwiki-* {all_models_server.url}")
    try:
        wiki.turn(latency=1.0)
        revids = "|".join(map(str, nasty["ordinary"][50:100]))
        waits = {"X-Request-Timeout": "6"}
        told = front.get("/v3/scores/enwiki/", waits, models="damaging", revids=revids)
        assert told.status == 200, told.body
        entries = [it["damaging"] for it in told.json["enwiki"]["scores"].values()]
        assert len(entries) == 50
        kinds = {entry.get("error", {}).get("type") for entry in entries}
        assert {None} <= kinds <= {None, "TimeoutError", "Overloaded"}
    finally:
        assert front.close() == 0
