"""Many requests at a time: none gets another's answer, and they share what they can."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.light import NAME
from support.processes import Answer, ModelServer, Wiki, call
from support.services import MODELS


def ask_together(server: ModelServer, rev_ids: Sequence[int]) -> list[Answer]:
    def ask(rev_id: int) -> Answer:
        request = {"rev_id": rev_id, "extended_output": True}
        return server.predict(NAME, request, timeout=250)

    with ThreadPoolExecutor(len(rev_ids)) as threads:
        return list(threads.map(ask, rev_ids))


def scored(server: ModelServer) -> float:
    """How many scores the server has computed."""
    sample = f'liftwing_stage_seconds_count{{model="{NAME}",stage="score"}} '
    lines = call(f"{server.url}/metrics").body.decode().splitlines()
    return sum(float(line.removeprefix(sample)) for line in lines if line.startswith(sample))


def fetched(wiki: Wiki) -> list[int]:
    return [rev_id for call in wiki.calls()["revids"] for rev_id in call]


@pytest.mark.timeout(300)
def test_each_of_200_concurrent_answers_is_its_own_revisions(
    light_server: ModelServer, light_stock: dict[int, dict[str, Any]], wiki: Wiki
) -> None:
    answers = dict(zip(light_stock, ask_together(light_server, list(light_stock))))
    assert {answer.status for answer in answers.values()} == {200}
    for rev_id, answer in answers.items():
        assert answer.json["enwiki"]["scores"] == {str(rev_id): {"damaging": light_stock[rev_id]}}


def test_the_same_revision_in_flight_is_fetched_and_scored_once(
    light_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_id = nasty["ordinary"][0]
    before = scored(light_server)
    wiki.turn(latency=0.7)
    answers = ask_together(light_server, [rev_id] * 10)

    assert [answer.status for answer in answers] == [200] * 10
    assert {answer.body for answer in answers} == {answers[0].body}
    assert fetched(wiki).count(rev_id) == 1
    assert scored(light_server) == before + 1


def test_models_of_one_server_share_the_documents_in_flight(
    all_models_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_id = nasty["ordinary"][3]
    wiki.turn(latency=0.7)
    with ThreadPoolExecutor(3) as threads:
        answers = list(
            threads.map(lambda name: all_models_server.predict(name, {"rev_id": rev_id}), MODELS)
        )

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert fetched(wiki).count(rev_id) == 1


def test_revisions_asked_for_together_travel_in_one_call(
    light_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    wiki.turn(latency=0.5)
    rev_ids = nasty["ordinary"][:40]
    answers = ask_together(light_server, rev_ids)

    assert [answer.status for answer in answers] == [200] * 40
    calls = wiki.calls()["revids"]
    assert max(len(call) for call in calls) > 1
    assert len(calls) < len(rev_ids)
