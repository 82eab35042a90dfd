"""Injected values, from a request over HTTP to a score that nobody else gets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.light import NAME
from support.processes import Answer, ModelServer, Wiki
from support.services import Start

REV_ID = 1000010
CHARS = "feature.wikitext.revision.chars"
REPEATED = "feature.wikitext.revision.longest_repeated_char"
INJECTED = {"rev_id": REV_ID, "inject": {CHARS: 5}, "extended_output": True}


def entry(answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    return answer.json["enwiki"]["scores"][str(REV_ID)]["damaging"]


def test_each_of_many_requests_at_once_has_the_score_of_its_own_values(
    light_server: ModelServer, wiki: Wiki
) -> None:
    plain: dict[str, Any] = {"rev_id": REV_ID, "extended_output": True}
    bodies = [INJECTED, plain, {**INJECTED, "inject": {CHARS: 5, REPEATED: 5000}}] * 8
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda body: light_server.predict(NAME, body), bodies))
    for body, answer in zip(bodies, answers):
        shown = entry(answer)
        assert shown.get("injected") == body.get("inject")
        if "inject" in body:
            assert shown["features"][CHARS] == body["inject"][CHARS]
    assert len({str(entry(answer)["score"]) for answer in answers}) == 3


def test_wrong_values_are_a_400_that_helps(light_server: ModelServer, wiki: Wiki) -> None:
    wrong = {"rev_id": REV_ID, "inject": {"feature.wikitext.revision.char": 1}}
    answer = light_server.predict(NAME, wrong)
    assert (answer.status, f"Did you mean {CHARS}" in answer.json["error"]) == (400, True)
    answer = light_server.predict(NAME, {"rev_id": REV_ID, "inject": {CHARS: "long"}})
    assert (answer.status, answer.json["error"]) == (400, f'Expected "{CHARS}" to be a number.')
    batch = light_server.predict(NAME, {"instances": [wrong, {"rev_id": REV_ID}]}).json
    first, second = batch["predictions"]
    assert first["error"]["code"] == 400 and "error" not in second


def test_no_event_is_sent_of_injected_values(start: Start) -> None:
    from support.processes import EventGate, wait_until

    gate = EventGate()
    try:
        server = start(EVENTGATE_URL=f"{gate.url}/v1/events", EVENTGATE_STREAM="scores")
        event = {"$schema": "/mediawiki/revision/create/2.0.0", "database": "enwiki"}
        for more in ({"inject": {CHARS: 5}}, {}):
            body = {"event": {**event, "rev_id": REV_ID}, **more}
            assert server.predict("enwiki-damaging", body).status == 200
        wait_until(lambda: gate.events(), 20, "the event without injected values")
        assert server.close() == 0
        assert len(gate.events()) == 1
    finally:
        gate.close()
