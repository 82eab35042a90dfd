"""Many requests at a time: none gets another's answer, and they share what they can."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.processes import ModelServer, Wiki
from support.services import MODELS, Start


def scorable(nasty: dict[str, list[int]]) -> list[int]:
    return nasty["ordinary"]


@pytest.mark.timeout(300)
def test_each_of_200_concurrent_answers_is_its_own_revisions(
    all_models_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    rev_ids = scorable(nasty)[:200]
    assert len(set(rev_ids)) == 200

    def ask(rev_id: int) -> Any:
        request = {"rev_id": rev_id, "extended_output": True}
        return all_models_server.predict("enwiki-damaging", request, timeout=120).json

    with ThreadPoolExecutor(200) as threads:
        together = dict(zip(rev_ids, threads.map(ask, rev_ids)))
    alone = {rev_id: ask(rev_id) for rev_id in rev_ids[::10]}

    for rev_id, answer in together.items():
        assert list(answer["enwiki"]["scores"]) == [str(rev_id)]
    assert alone == {rev_id: together[rev_id] for rev_id in alone}
    # The answers really differ, so that a mix-up would have shown.
    assert (
        len({str(list(answer["enwiki"]["scores"].values())) for answer in together.values()}) > 150
    )


def test_the_same_revision_in_flight_is_fetched_and_scored_once(
    start: Start, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    server = start()
    rev_id = nasty["large"][0]
    wiki.turn(latency=0.3)
    with ThreadPoolExecutor(10) as threads:
        answers = list(
            threads.map(lambda _: server.predict("enwiki-damaging", {"rev_id": rev_id}), range(10))
        )

    assert {answer.body for answer in answers} == {answers[0].body}
    asked = [rev_id for call in wiki.calls()["revids"] for rev_id in call]
    assert asked.count(rev_id) == 1


def test_models_of_one_server_share_the_documents_in_flight(
    start: Start, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    server = start(",".join(MODELS))
    rev_id = nasty["ordinary"][3]
    wiki.turn(latency=0.3)
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda name: server.predict(name, {"rev_id": rev_id}), MODELS))

    assert [answer.status for answer in answers] == [200, 200, 200]
    asked = [rev_id for call in wiki.calls()["revids"] for rev_id in call]
    assert asked.count(rev_id) == 1


def test_revisions_asked_for_together_travel_in_one_call(
    start: Start, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    server = start()
    wiki.turn(latency=0.5)
    rev_ids = nasty["ordinary"][:40]
    with ThreadPoolExecutor(40) as threads:
        list(threads.map(lambda id_: server.predict("enwiki-damaging", {"rev_id": id_}), rev_ids))

    calls = wiki.calls()["revids"]
    assert max(len(call) for call in calls) > 1
    assert len(calls) < len(rev_ids)
