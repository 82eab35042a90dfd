"""Scores that are kept: whose they are, and who gets them."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from liftwing_serving.cache import take_up
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import ResourceMissing, RevisionMissing
from liftwing_serving.events import EventSource
from liftwing_serving.mediawiki import Needs
from liftwing_serving.revscoring.requests import ScoreRequest, injection_in
from liftwing_serving.revscoring.tasks import ModelInfo, Score
from support.batches import MISSING, NAME, CountingApi, FakePool, document, requests, scorer_of
from support.caches import some_kept

OTHER = "enwiki-goodfaith"
SCORE = Score({"prediction": True, "probability": {"true": 0.1 + 0.2}}, {"chars": 3}, 0.1, 0.1)


async def test_a_score_is_made_once_and_then_kept_for_each_kind_of_answer() -> None:
    pool = FakePool()
    scorer = await scorer_of(CountingApi(), pool, kept=some_kept())
    plain, extended = ScoreRequest(5, (NAME,)), ScoreRequest(5, (NAME,), extended_output=True)
    made = [await scorer.score(one, Deadline.after(5)) for one in (plain, plain, extended)]
    made.append(await scorer.score(extended, Deadline.after(5)))
    scores = [one[NAME] for one in made]
    assert [score.document for score in scores if isinstance(score, Score)] == [
        document(NAME, 5)
    ] * 4
    assert len(pool.tasks) == 2
    assert isinstance(scores[3], Score) and scores[3].features == {"id": 5}


async def test_a_score_from_injected_values_is_neither_kept_nor_a_kept_one() -> None:
    pool = FakePool()
    scorer = await scorer_of(CountingApi(), pool, kept=some_kept())
    plain = ScoreRequest(5, (NAME,))
    injected = dataclasses.replace(plain, injection=injection_in({"inject": {"chars": 7}}))
    for number, one in enumerate((injected, plain, injected), 1):
        await scorer.score(one, Deadline.after(5))
        assert len(pool.tasks) == number


async def test_a_hundred_identical_requests_are_one_task_and_few_calls() -> None:
    api, pool = CountingApi(), FakePool()
    scorer = await scorer_of(api, pool, kept=some_kept())
    asked = [scorer.score(one, Deadline.after(5)) for one in requests([5] * 100)]
    await asyncio.gather(*asked)
    assert len(pool.tasks) == 1
    assert len(api.revisions) + len(api.users) <= 3


async def test_several_models_are_kept_each_by_itself() -> None:
    pool = FakePool()
    scorer = await scorer_of(CountingApi(), pool, kept=some_kept())
    both = await scorer.score(ScoreRequest(5, (NAME, OTHER)), Deadline.after(5))
    for name in (NAME, OTHER):
        alone = await scorer.score(ScoreRequest(5, (name,)), Deadline.after(5))
        kept, made = alone[name], both[name]
        assert isinstance(kept, Score) and isinstance(made, Score)
        assert kept.document == made.document == document(name, 5)
    assert len(pool.tasks) == 1


async def test_a_batch_of_kept_scores_is_no_work_and_features_are_there_if_any_wants_them() -> None:
    pool = FakePool()
    scorer = await scorer_of(CountingApi(), pool, kept=some_kept())
    await scorer.score_all(requests([1, 2, 3]), Deadline.after(5))
    done = len(pool.tasks)
    await scorer.score_all(requests([3, 2, 1]), Deadline.after(5))
    assert len(pool.tasks) == done
    mixed = [ScoreRequest(1, (NAME,)), ScoreRequest(1, (NAME,), extended_output=True)]
    for asked in (mixed, [*mixed, *requests([2])]):
        outcomes = await scorer.score_all(asked, Deadline.after(5))
        assert not isinstance(outcomes[1], Exception)
        score = outcomes[1][NAME]
        assert isinstance(score, Score) and score.features == {"id": 1}


async def test_errors_are_not_kept() -> None:
    api, pool = CountingApi(), FakePool()
    scorer = await scorer_of(api, pool, kept=some_kept())
    pool.failures = {5: ResourceMissing(5, "hidden")}
    for _ in range(2):
        with pytest.raises(RevisionMissing):
            await scorer.score(ScoreRequest(MISSING, (NAME,)), Deadline.after(5))
        await scorer.score(ScoreRequest(5, (NAME,)), Deadline.after(5))
    assert len(pool.tasks) == 2


@pytest.mark.parametrize("extended_output", [False, True])
async def test_a_revision_that_was_hidden_is_forgotten_once_the_wiki_is_asked(
    extended_output: bool,
) -> None:
    api, pool = CountingApi(), FakePool()
    scorer = await scorer_of(api, pool, kept=some_kept())
    request = ScoreRequest(5, (NAME,), extended_output)
    assert isinstance((await scorer.score(request, Deadline.after(5)))[NAME], Score)
    pool.failures = {5: ResourceMissing(5, "hidden")}
    assert isinstance((await scorer.score(request, Deadline.after(5)))[NAME], Score)
    hiding = ScoreRequest(5, (NAME,), event=EventSource("enwiki", 5, may_hide=True))
    for asked in (hiding, request):
        error = (await scorer.score(asked, Deadline.after(5)))[NAME]
        assert isinstance(error, ResourceMissing)


async def test_no_cache_makes_a_score_anew_and_keeps_that() -> None:
    pool = FakePool()
    scorer = await scorer_of(CountingApi(), pool, kept=some_kept())
    request = ScoreRequest(5, (NAME,))
    await scorer.score(request, Deadline.after(5))
    take_up({"cache-control": "no-cache"})
    await scorer.score(request, Deadline.after(5))
    await scorer.score_all(requests([5, 6]), Deadline.after(5))
    take_up({})
    assert pool.extracted == [5, 6] and len(pool.tasks) == 5
    await scorer.score(request, Deadline.after(5))
    assert len(pool.tasks) == 5


async def test_a_kept_score_is_equal_to_the_last_bit_and_of_its_version_only() -> None:
    kept = some_kept()
    info = ModelInfo(NAME, "1", Needs())
    kept.serve({NAME: info})
    request = ScoreRequest(5, (NAME,), extended_output=True)
    kept.keep(request, {NAME: SCORE})
    found = await kept.find(request)
    assert found == {NAME: Score(SCORE.document, SCORE.features, 0.0, 0.0)}
    kept.serve({NAME: dataclasses.replace(info, version="2")})
    assert await kept.find(request) is None
