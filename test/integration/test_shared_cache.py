"""Scores that replicas share in a real Redis, which may be down, slow or full of others' bytes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from liftwing_serving.cache import take_up
from liftwing_serving.cache import shared as shared_module
from liftwing_serving.cache.shared import SharedCache
from liftwing_serving.deadline import Deadline
from liftwing_serving.revscoring.kept import PREFIX
from liftwing_serving.revscoring.scorer import Scorer
from liftwing_serving.revscoring.tasks import Score
from support.batches import NAME, CountingApi, FakePool, predictions, requests, scorer_of
from support.caches import Redis, redis_in, some_kept

IDS = list(range(1, 21))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with redis_in(tmp_path) as running:
        yield running


class Replica:
    """A scorer with a cache in a Redis, and the fake pool that works for it."""

    def __init__(self, scorer: Scorer, pool: FakePool, shared: SharedCache) -> None:
        self.scorer, self.pool, self.shared = scorer, pool, shared

    async def ask(self, *rev_ids: int) -> list[object]:
        """What it predicts of each, asked for at the same time."""
        asked = [self.scorer.score(one, Deadline.after(20)) for one in requests(rev_ids)]
        return predictions(await asyncio.gather(*asked))

    @property
    def tasks(self) -> int:
        return len(self.pool.tasks)

    async def written(self) -> None:
        """Return when nothing waits to be written."""
        while self.shared._writing and not self.shared._writing.done():
            await asyncio.sleep(0.01)


@pytest.fixture
async def replicas(redis: Redis) -> AsyncIterator[tuple[Replica, Replica]]:
    made = []
    for _ in range(2):
        pool, shared = FakePool(), SharedCache(redis.url)
        await shared.connect()
        scorer = await scorer_of(CountingApi(), pool, kept=some_kept(shared))
        made.append(Replica(scorer, pool, shared))
    yield made[0], made[1]
    for replica in made:
        await replica.shared.close()


@pytest.fixture(autouse=True)
def nobody_waits_for_a_failure_to_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_module, "AWAY_SECONDS", 0.2)


async def test_what_one_replica_scored_another_answers(
    replicas: tuple[Replica, Replica],
) -> None:
    one, other = replicas
    assert await one.ask(*IDS) == IDS
    await one.written()
    assert await other.ask(*IDS) == IDS
    assert (one.tasks, other.tasks) == (len(IDS), 0)
    # From now on it has them itself.
    other.shared._away_until = time.monotonic() + 60
    assert await other.ask(*IDS) == IDS and other.tasks == 0


async def test_a_batch_scores_what_no_replica_has(replicas: tuple[Replica, Replica]) -> None:
    one, other = replicas
    await one.ask(*IDS[:15])
    await one.written()
    outcomes = await other.scorer.score_all(requests(IDS), Deadline.after(20))
    assert predictions(outcomes) == IDS
    assert sorted(other.pool.extracted) == IDS[15:]


async def test_a_thousand_askers_at_once_are_one_connections_affair(
    replicas: tuple[Replica, Replica], redis: Redis
) -> None:
    one, other = replicas
    await one.ask(*IDS)
    await one.written()
    assert await other.ask(*IDS * 50) == IDS * 50
    assert other.tasks == 0
    clients = redis.ask("CLIENT", "LIST").count("addr=")
    assert clients <= 6


async def test_redis_down_costs_nothing_but_time(
    replicas: tuple[Replica, Replica], redis: Redis
) -> None:
    one, other = replicas
    await one.ask(*IDS)
    await one.written()
    redis.stop()
    assert await other.ask(*IDS) == IDS
    assert other.tasks == len(IDS)
    redis.start()
    await asyncio.sleep(0.3)
    # Begun anew it is empty, and used again.
    assert await other.ask(100) == [100]
    await other.written()
    assert await one.ask(100) == [100] and one.tasks == len(IDS)


async def test_a_redis_that_stands_still_holds_up_one_request_for_a_moment(
    replicas: tuple[Replica, Replica], redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_module, "AWAY_SECONDS", 60)
    one, _ = replicas
    os.kill(redis.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert await one.ask(*IDS) == IDS
        assert time.monotonic() - began < 1
        began = time.monotonic()
        for rev_id in range(100, 150):
            assert await one.ask(rev_id) == [rev_id]
        # Nobody waits for it any more.
        assert time.monotonic() - began < 50 * shared_module.LOOKUP_SECONDS / 2
    finally:
        os.kill(redis.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("junk", ["", "junk", "\x80\x04K\x01.", "x" * 100_000])
async def test_somebody_elses_bytes_are_scored_over(
    replicas: tuple[Replica, Replica], redis: Redis, junk: str
) -> None:
    one, other = replicas
    name = f"{PREFIX}:{NAME}:1:7:score"
    redis.ask("SET", name, junk)
    assert await one.ask(7) == [7] and one.tasks == 1
    await one.written()
    assert await other.ask(7) == [7] and other.tasks == 0


async def test_a_score_under_another_revisions_name_is_not_answered(
    replicas: tuple[Replica, Replica], redis: Redis
) -> None:
    one, other = replicas
    await one.ask(7)
    await one.written()
    assert redis.ask("COPY", f"{PREFIX}:{NAME}:1:7:score", f"{PREFIX}:{NAME}:1:8:score") == ":1"
    assert await other.ask(8) == [8] and other.tasks == 1


async def test_what_is_no_text_of_redis_is_scored_over(
    replicas: tuple[Replica, Replica], redis: Redis
) -> None:
    one, _ = replicas
    redis.ask("RPUSH", f"{PREFIX}:{NAME}:1:7:score", "a")
    assert await one.ask(7, 8) == [7, 8]


async def test_a_full_redis_is_no_failure_of_a_request(
    replicas: tuple[Replica, Replica], redis: Redis
) -> None:
    one, other = replicas
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    assert await one.ask(*IDS) == IDS
    await one.written()
    assert await other.ask(*IDS) == IDS
    assert other.tasks == len(IDS)


async def test_a_fresh_score_is_made_and_told_to_all(replicas: tuple[Replica, Replica]) -> None:
    one, other = replicas
    await one.ask(7)
    await one.written()
    take_up({"cache-control": "no-cache"})
    try:
        assert await other.ask(7) == [7] and other.tasks == 1
    finally:
        take_up({})
    await other.written()
    (score,) = (await other.scorer.score(requests([7])[0], Deadline.after(5))).values()
    assert isinstance(score, Score) and other.tasks == 1


async def test_what_lies_longer_than_it_may_is_not_answered(
    replicas: tuple[Replica, Replica], redis: Redis
) -> None:
    one, _ = replicas
    await one.ask(7)
    await one.written()
    assert redis.ask("PERSIST", f"{PREFIX}:{NAME}:1:7:score") == ":1"
    pool, shared = FakePool(), SharedCache(redis.url)
    scorer = await scorer_of(CountingApi(), pool, kept=some_kept(shared, ttl_seconds=1.0))
    late = Replica(scorer, pool, shared)
    assert await late.ask(7) == [7] and late.tasks == 1
    await shared.close()
