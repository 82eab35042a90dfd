"""The outlink pair before a wiki: articles by title, id, revision and event, and its events."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.deliveries import Deliveries, RememberingEventGate
from support.events import assert_valid, page_change, revision_create
from support.locust import run_load
from support.outlink import NAME, results, start_predictor, start_transformer, write_topic_model
from support.processes import Answer, ModelServer, Wiki

STREAM = "mediawiki.page_outlink_topic_prediction_change.v1"
UNKNOWN = "No matching article or the page has no outlinks"


@pytest.fixture(scope="module")
def eventgate() -> Iterator[RememberingEventGate]:
    gate = RememberingEventGate()
    yield gate
    gate.close()


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, running_wiki: Wiki, eventgate: RememberingEventGate
) -> Iterator[ModelServer]:
    folder = tmp_path_factory.mktemp("pair")
    write_topic_model(folder / "model.bin")
    predictor = start_predictor(folder / "predictor.log", folder / "model.bin")
    settings = {
        "WIKI_URL": running_wiki.url,
        "EVENTGATE_URL": f"{eventgate.url}/v1/events",
        "EVENTGATE_STREAM": STREAM,
        "MODEL_VERSION": "7",
    }
    log = folder / "transformer.log"
    transformer = start_transformer(log, f"127.0.0.1:{predictor.port}", **settings)
    yield transformer
    assert transformer.close() == 0, log.read_text()
    predictor.close()


@pytest.fixture(scope="module")
def page(wiki_file: Path) -> tuple[int, str, int]:
    """Id and title of an article, and a revision of it that is not its last."""
    with sqlite3.connect(wiki_file) as database:
        database.row_factory = sqlite3.Row
        row = database.execute(
            "SELECT p.page_id, p.title, min(r.rev_id) AS rev_id FROM page p"
            " JOIN revision r ON r.page_id = p.page_id"
            " WHERE p.namespace = 0 AND r.size > 20000 GROUP BY p.page_id HAVING count(*) > 2"
            " ORDER BY p.page_id LIMIT 1"
        ).fetchone()
    return row["page_id"], row["title"], row["rev_id"]


def ask(pair: ModelServer, **fields: Any) -> Answer:
    return pair.predict(NAME, {"lang": "en", "debug": True, **fields})


def test_title_and_id_of_a_page_are_the_same_article(
    pair: ModelServer, page: tuple[int, str, int], wiki: Wiki
) -> None:
    page_id, title, _ = page
    by_title, by_id = ask(pair, page_title=title), ask(pair, page_id=page_id)
    assert (by_title.status, by_id.status) == (200, 200), by_title.body + by_id.body
    assert results(by_title.json) == results(by_id.json)
    assert len(results(by_title.json)) == 12
    article = by_id.json["prediction"]["article"]
    assert article == f"https://en.wikipedia.org/wiki?curid={page_id}"


def test_a_revisions_links_are_parsed_and_not_the_pages(
    pair: ModelServer, page: tuple[int, str, int], wiki: Wiki
) -> None:
    answer = ask(pair, page_title=page[1], revision_id=page[2])
    assert answer.status == 200, answer.body
    calls = wiki.calls()
    assert calls["by_action"]["parse"] == 1
    assert calls["hosts"].keys() == {"en.wikipedia.org"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"page_title": "No such page"}, UNKNOWN),
        ({"page_id": 987654321}, UNKNOWN),
        (
            {"page_title": "X", "revision_id": 987654321},
            "Cannot fetch revision 987654321 on en.wikipedia.org: "
            "MediaWiki API error 'nosuchrevid'.",
        ),
    ],
)
def test_what_is_not_there_is_a_400_and_never_a_score(
    pair: ModelServer, wiki: Wiki, fields: dict[str, Any], text: str
) -> None:
    answer = ask(pair, **fields)
    assert (answer.status, answer.json) == (400, {"error": text})


@pytest.mark.parametrize(
    ("knobs", "status"), [({"malformed": "html"}, 502), ({"error": {"status": 503}}, 503)]
)
def test_a_wiki_out_of_order_is_told_as_such(
    pair: ModelServer, page: tuple[int, str, int], wiki: Wiki, knobs: dict[str, Any], status: int
) -> None:
    wiki.turn(**knobs)
    assert ask(pair, page_title=page[1]).status == status
    wiki.reset()
    assert ask(pair, page_title=page[1]).status == 200


def test_a_page_change_becomes_one_event_with_all_probabilities(
    pair: ModelServer, eventgate: RememberingEventGate, page: tuple[int, str, int], wiki: Wiki
) -> None:
    page_id, title, rev_id = page
    event = page_change(rev_id, page={"page_id": page_id, "page_title": title, "namespace_id": 0})
    deliveries = Deliveries(eventgate)
    answer = ask(pair, event=event, debug=False, threshold=0.2)
    assert answer.status == 200, answer.body
    (produced,) = deliveries.wait_for(1)
    predicted = produced["predicted_classification"]
    assert predicted["predictions"] == [topic for topic, _ in results(answer.json)]
    assert len(predicted["probabilities"]) == 12
    assert (predicted["model_name"], predicted["model_version"]) == (NAME, "7")
    assert produced["meta"]["stream"] == STREAM
    assert uuid.UUID(produced["meta"]["id"]).version == 4
    assert produced["page"]["page_title"] == title
    assert_valid(produced, "page-prediction_classification_change-1.1.0")


def test_a_revision_create_event_is_answered_and_becomes_none(
    pair: ModelServer, eventgate: RememberingEventGate, page: tuple[int, str, int], wiki: Wiki
) -> None:
    deliveries = Deliveries(eventgate)
    answer = ask(pair, event=revision_create(page_title=page[1]))
    assert answer.status == 200, answer.body
    # Whatever came before this one would have been sent before it.
    ask(pair, event=page_change(page={"page_id": page[0], "page_title": page[1]}))
    (produced,) = deliveries.wait_for(1)
    assert produced["page"]["page_id"] == page[0]


def test_instances_each_have_their_answer_and_their_event(
    pair: ModelServer, eventgate: RememberingEventGate, page: tuple[int, str, int], wiki: Wiki
) -> None:
    page_id, title, rev_id = page
    event = page_change(rev_id, page={"page_id": page_id, "page_title": title})
    deliveries = Deliveries(eventgate)
    instances = [
        {"lang": "en", "page_title": title, "debug": True},
        {"lang": "en"},
        {"event": event, "debug": True},
        {"lang": "en", "page_title": "No such page"},
    ]
    answer = pair.predict(NAME, {"instances": instances})
    assert answer.status == 200, answer.body
    first, second, third, fourth = answer.json["predictions"]
    assert results(first) == results(third)
    assert second["error"]["message"] == "You must pass either `page_title` or `page_id`."
    assert fourth["error"] == {"code": 400, "message": UNKNOWN}
    assert len(deliveries.wait_for(1)) == 1


def test_readers_of_topics_are_answered(
    pair: ModelServer, page: tuple[int, str, int], wiki: Wiki, tmp_path: Path
) -> None:
    """The load scenario."""
    titles = tmp_path / "titles"
    titles.write_text(f"{page[1]}\n")
    outcome = run_load("Outlink", url=pair.url, options=("--titles", str(titles)))
    assert outcome.status == 0, outcome.printed
    assert outcome.requests["outlink"] > 3 and not any(outcome.failures.values())
