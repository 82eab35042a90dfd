"""A batch: what is asked of the wiki and the workers, and what stands in each place."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import (
    DeadlineExceeded,
    InternalError,
    Overloaded,
    ResourceMissing,
    RevisionMissing,
    TooManyRequests,
    UpstreamUnusable,
    WorkerLost,
)
from liftwing_serving.events import EventSource
from liftwing_serving.revscoring.tasks import ExtractAndPredict, PredictBatch
from liftwing_serving.workers import Work
from support.batches import (
    BROKEN,
    MISSING,
    NAME,
    PARENTS,
    CountingApi,
    FakePool,
    predictions,
    requests,
    scorer_of,
)

SOON = 60


def calls_for(number: int) -> int:
    return -(-number // 50)


@pytest.mark.parametrize("number", [1, 2, 48, 50, 51, 500])
async def test_each_revision_has_its_own_score_with_few_calls_and_one_scoring(number: int) -> None:
    api, pool = CountingApi(), FakePool()
    api.seconds = 0.01
    scorer = await scorer_of(api, pool)
    rev_ids = list(range(1, number + 1))
    outcomes = await scorer.score_all(requests(rev_ids), Deadline.after(SOON))
    assert predictions(outcomes) == rev_ids
    first: Any = outcomes[0]
    assert first[NAME].features == {"id": 1}
    parents = [ids for ids in api.revisions if ids[0] > PARENTS]
    assert len(parents) <= calls_for(number)
    assert len(api.revisions) - len(parents) <= calls_for(number)
    assert len(api.users) <= calls_for(number)
    if number == 1:
        # As a single request, which others may join.
        assert [type(task) for task in pool.tasks] == [ExtractAndPredict]
        return
    assert sorted(pool.extracted) == rev_ids
    (scoring,) = [task for task in pool.tasks if isinstance(task, PredictBatch)]
    assert len(scoring.rows[NAME]) == number


async def test_fetch_and_extraction_overlap_and_few_documents_are_waited_with() -> None:
    api, pool = CountingApi(), FakePool()
    pool.seconds = lambda rev_id: 0.002
    asked_before: list[int] = []
    run = pool.run

    async def watch(task: Any, *rest: Any) -> Any:
        asked = sum(len(ids) for ids in api.revisions if ids[0] < PARENTS)
        asked_before.append(asked - len(pool.extracted))
        return await run(task, *rest)

    pool.run = watch  # type: ignore[assignment,method-assign]
    scorer = await scorer_of(api, pool)
    await scorer.score_all(requests(range(1, 501)), Deadline.after(SOON))
    assert max(asked_before) <= 100


async def test_a_revision_that_is_asked_for_twice_is_scored_once() -> None:
    api, pool = CountingApi(), FakePool()
    scorer = await scorer_of(api, pool)
    rev_ids = [5, 6, 5, 7, 6, 5]
    outcomes = await scorer.score_all(requests(rev_ids), Deadline.after(SOON))
    assert predictions(outcomes) == rev_ids
    assert outcomes[0] is outcomes[2] is outcomes[5]
    assert pool.extracted == [5, 6, 7]


async def test_an_empty_batch_asks_nothing() -> None:
    api, pool = CountingApi(), FakePool()
    assert await (await scorer_of(api, pool)).score_all([], Deadline.after(SOON)) == []
    assert pool.tasks == []


REPEATED = WorkerLost("a worker died")
REPEATED.repeat = True


async def test_each_failure_stands_in_its_own_place() -> None:
    api, pool = CountingApi(), FakePool()
    pool.failures = {
        3: ResourceMissing(3, "TextDeleted: ..."),
        4: REPEATED,
        5: InternalError("a defect in a worker"),
        6: ZeroDivisionError(),
    }
    scorer = await scorer_of(api, pool)
    rev_ids = [1, MISSING, 2, 3, 4, BROKEN, 5, 6, 7, BROKEN]
    outcomes = await scorer.score_all(requests(rev_ids), Deadline.after(SOON))
    assert predictions(outcomes) == [
        *(1, RevisionMissing, 2, ResourceMissing, WorkerLost),
        *(UpstreamUnusable, InternalError, ZeroDivisionError, 7, UpstreamUnusable),
    ]
    assert pool.load.queued_seconds(0, batch=True) == 0


async def test_a_batch_of_nothing_but_failures_scores_nothing() -> None:
    api, pool = CountingApi(), FakePool()
    scorer = await scorer_of(api, pool)
    outcomes = await scorer.score_all(requests([MISSING, MISSING]), Deadline.after(SOON))
    assert predictions(outcomes) == [RevisionMissing] * 2
    assert pool.tasks == []


async def test_a_scoring_that_fails_is_told_to_those_who_waited_for_it() -> None:
    api, pool = CountingApi(), FakePool()
    pool.scoring_failure = WorkerLost("both died")
    scorer = await scorer_of(api, pool)
    outcomes = await scorer.score_all(requests([1, MISSING, 2]), Deadline.after(SOON))
    assert predictions(outcomes) == [WorkerLost, RevisionMissing, WorkerLost]


async def test_what_one_model_lacks_another_may_do_without() -> None:
    api, pool = CountingApi(), FakePool()
    both = (NAME, "enwiki-goodfaith")
    run = pool.run

    async def without_comment(task: Any, *rest: Any) -> Any:
        result = await run(task, *rest)
        if not isinstance(task, PredictBatch) and task.documents.revision.rev_id == 2:
            result.value[NAME] = ResourceMissing(2, "CommentDeleted: ...")
        return result

    pool.run = without_comment  # type: ignore[assignment,method-assign]
    scorer = await scorer_of(api, pool)
    outcomes: list[Any] = await scorer.score_all(requests([1, 2, 3], *both), Deadline.after(SOON))
    of_models = [predictions([{name: scores[name]} for scores in outcomes]) for name in both]
    assert of_models == [[1, ResourceMissing, 3], [1, 2, 3]]
    assert len(pool.extracted) == 3


async def test_what_is_not_extracted_in_time_fails_alone_and_the_others_are_scored() -> None:
    api, pool = CountingApi(), FakePool(workers=4)
    pool.seconds = lambda rev_id: 30 if rev_id in (2, 5) else 0.0
    scorer = await scorer_of(api, pool)
    deadline = Deadline.after(1.0)
    outcomes = await scorer.score_all(requests(range(1, 8)), deadline)
    assert predictions(outcomes) == [1, DeadlineExceeded, 3, 4, DeadlineExceeded, 6, 7]
    assert not deadline.passed()
    # Extraction ends earlier, so that there is time for the scoring.
    *extractions, scoring = pool.deadlines
    assert max(extractions) < scoring == deadline
    assert pool.load.queued_seconds(0, batch=True) == 0


async def test_a_wiki_that_is_too_slow_is_told_in_each_place() -> None:
    api, pool = CountingApi(), FakePool()
    api.seconds = 30
    scorer = await scorer_of(api, pool)
    outcomes = await scorer.score_all(requests(range(1, 120)), Deadline.after(0.3))
    assert predictions(outcomes) == [DeadlineExceeded] * 119
    assert pool.load.queued_seconds(0, batch=True) == 0


async def test_a_batch_joins_a_score_under_way_but_no_single_request_waits_for_a_batch() -> None:
    api, pool = CountingApi(), FakePool(workers=4)
    pool.seconds = lambda rev_id: 0.3 if rev_id < 10 else 0.0
    scorer = await scorer_of(api, pool)
    single = asyncio.create_task(scorer.score(requests([1])[0], Deadline.after(SOON)))
    await asyncio.sleep(0.05)
    pool.seconds = lambda rev_id: 1.0
    batch = asyncio.create_task(scorer.score_all(requests([1, 2, 3]), Deadline.after(SOON)))
    await asyncio.sleep(0.05)
    assert sorted(pool.extracted) == [2, 3]
    pool.seconds = lambda rev_id: 0.0
    assert predictions([await scorer.score(requests([3])[0], Deadline.after(SOON))]) == [3]
    assert not batch.done()
    outcomes = await batch
    assert predictions(outcomes) == [1, 2, 3]
    assert outcomes[0] is await single
    assert 1 not in pool.extracted


async def test_a_batch_extracts_itself_what_a_single_request_had_too_little_time_for() -> None:
    api, pool = CountingApi(), FakePool()
    pool.seconds = lambda rev_id: 0.5
    scorer = await scorer_of(api, pool)
    hasty = asyncio.create_task(scorer.score(requests([1])[0], Deadline.after(0.2)))
    await asyncio.sleep(0.05)
    outcomes = await scorer.score_all(requests([1, 2]), Deadline.after(SOON))
    assert predictions(outcomes) == [1, 2]
    with pytest.raises(DeadlineExceeded):
        await hasty


async def test_single_requests_go_between_the_revisions_of_a_batch() -> None:
    api, pool = CountingApi(), FakePool()
    pool.seconds = lambda rev_id: 0.005
    scorer = await scorer_of(api, pool)
    batch = asyncio.create_task(scorer.score_all(requests(range(1, 501)), Deadline.after(SOON)))
    await asyncio.sleep(0.1)
    before = len(pool.extracted)
    assert predictions([await scorer.score(requests([1000])[0], Deadline.after(SOON))]) == [1000]
    # Two for each of two workers waited or ran before it, and one came for each that ended.
    assert len(pool.extracted) - before <= 12
    assert predictions(await batch) == list(range(1, 501))
    assert pool.most_waiting <= 5


async def test_light_revisions_of_a_batch_do_not_wait_behind_its_heavy_ones() -> None:
    api, pool = CountingApi(), FakePool()
    heavy = range(1, 21)
    api.size = lambda rev_id: 1000 if rev_id in heavy else 10
    order: list[int] = []

    def seconds(rev_id: int) -> float:
        order.append(rev_id)
        return 0.1 if rev_id in heavy else 0.003

    pool.seconds = seconds
    one = asyncio.Semaphore(1)
    run = pool.run

    async def light_ones_overtake(task: Any, deadline: Deadline, work: Any) -> Any:
        if not work.heavy:
            return await run(task, deadline, work)
        async with one:
            return await run(task, deadline, work)

    pool.run = light_ones_overtake  # type: ignore[assignment,method-assign]
    scorer = await scorer_of(api, pool, heavy_bytes=500)
    await scorer.score_all(requests(range(1, 41)), Deadline.after(SOON))
    last_light = max(order.index(rev_id) for rev_id in range(21, 41))
    assert sum(rev_id in heavy for rev_id in order[:last_light]) <= 3


async def busy(pool: FakePool, seconds: int) -> None:
    """Have so much work before the pool; nothing was measured, so that each is 25 ms."""
    for _ in range(int(seconds / 0.025 * pool.load.workers)):
        pool.load.announce(Work("other work"))


async def test_fault_20_a_batch_that_cannot_be_done_in_time_is_refused_before_it_is_begun() -> None:
    api, pool = CountingApi(), FakePool()
    scorer = await scorer_of(api, pool)
    await busy(pool, 12)
    with pytest.raises(TooManyRequests) as caught:
        await scorer.score_all(requests([1, 2]), Deadline.after(SOON))
    assert caught.value.retry_after is not None and caught.value.retry_after >= 1
    with pytest.raises(Overloaded):
        events = requests([2], event=EventSource("enwiki", 2))
        await scorer.score_all(requests([1]) + events, Deadline.after(SOON))
    assert api.revisions == []


async def test_a_batch_that_has_only_to_join_is_not_refused() -> None:
    api, pool = CountingApi(), FakePool()
    pool.seconds = lambda rev_id: 0.1
    scorer = await scorer_of(api, pool)
    singles = [asyncio.create_task(scorer.score(r, Deadline.after(SOON))) for r in requests([1, 2])]
    await asyncio.sleep(0.01)
    await busy(pool, 12)
    assert predictions(await scorer.score_all(requests([1, 2]), Deadline.after(SOON))) == [1, 2]
    await asyncio.gather(*singles)


async def test_an_idle_server_begins_any_batch_and_counts_it_for_the_next_but_no_single() -> None:
    api, pool = CountingApi(), FakePool()
    # 500 are expected to take 6 s, which is more than can be planned with in 2 s.
    scorer = await scorer_of(api, pool)
    first = asyncio.create_task(scorer.score_all(requests(range(1, 501)), Deadline.after(2)))
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequests):
        await scorer.score_all(requests(range(501, 900)), Deadline.after(2))
    assert predictions([await scorer.score(requests([1000])[0], Deadline.after(2))]) == [1000]
    assert predictions(await first) == list(range(1, 501))
    assert pool.load.queued_seconds(0, batch=True) == 0


async def test_a_batch_that_is_cancelled_leaves_nothing_behind() -> None:
    api, pool = CountingApi(), FakePool()
    pool.seconds = lambda rev_id: 30
    scorer = await scorer_of(api, pool)
    batch = asyncio.create_task(scorer.score_all(requests(range(1, 301)), Deadline.after(SOON)))
    await asyncio.sleep(0.1)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    assert pool.load.queued_seconds(0, batch=True) == 0
    assert not pool.load._waiting
    # Others may share its fetches, which therefore end by themselves.
    async with asyncio.timeout(30):
        while asyncio.all_tasks() != {asyncio.current_task()}:
            await asyncio.sleep(0.01)
