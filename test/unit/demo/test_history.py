"""A history is the same for the same seed, and a wiki like any other."""

from itertools import islice

import pytest
from liftwing_demo.wiki.articles import Article
from liftwing_demo.wiki.build import reverted_ids
from liftwing_demo.wiki.history import History
from liftwing_demo.wiki.ledger import FIRST_REVISION_ID, Step, base36_sha1


def run(articles: list[Article], count: int, seed: int = 3) -> list[Step]:
    history = History(articles, seed)
    return [*history.founding(), *islice(history.steps(), count)]


@pytest.fixture(scope="module")
def steps(articles: list[Article]) -> list[Step]:
    return run(articles, 250)


def test_the_same_seed_gives_the_same_history(articles: list[Article], steps: list[Step]) -> None:
    assert run(articles, 250) == steps


def test_another_seed_gives_another_history(articles: list[Article], steps: list[Step]) -> None:
    other = run(articles, 20, seed=4)
    assert other != steps[: len(other)]


def test_a_short_history_is_the_beginning_of_a_longer_one(
    articles: list[Article], steps: list[Step]
) -> None:
    short = run(articles, 90)
    assert short == steps[: len(short)]


def test_ids_and_times_grow_together(steps: list[Step]) -> None:
    history = [step.revision for step in steps if step.revision.rev_id >= FIRST_REVISION_ID]
    assert [revision.rev_id for revision in history] == list(range(1_000_001, 1_000_251))
    times = [revision.timestamp for revision in history]
    assert times == sorted(set(times))


def test_every_parent_is_the_page_s_revision_before(steps: list[Step]) -> None:
    heads: dict[int, int] = {}
    for step in steps:
        assert step.revision.parent_id == heads.get(step.revision.page_id, 0)
        heads[step.revision.page_id] = step.revision.rev_id


def test_no_edit_leaves_a_page_as_it_was(steps: list[Step]) -> None:
    texts = {step.revision.rev_id: step.revision.text for step in steps}
    for step in steps:
        assert step.revision.text != texts.get(step.revision.parent_id)


def test_a_revert_brings_back_an_earlier_text_exactly(steps: list[Step]) -> None:
    earlier: set[tuple[int, str]] = set()
    reverts = 0
    for step in steps:
        text = (step.revision.page_id, step.revision.sha1)
        if step.labels.kind == "revert":
            reverts += 1
            assert text in earlier
        earlier.add(text)
    assert reverts > 20


def test_good_and_bad_edits_are_both_common(steps: list[Step]) -> None:
    history = steps[-250:]
    damaging = sum(step.labels.damaging for step in history)
    clumsy = sum(step.labels.damaging and step.labels.goodfaith for step in history)
    assert 40 < damaging < 125
    assert clumsy > 5


def test_what_lies_between_two_equal_texts_was_reverted(steps: list[Step]) -> None:
    reverted = reverted_ids(step.revision for step in steps)
    by_id = {step.revision.rev_id: step for step in steps}
    damaging = [rev_id for rev_id in reverted if by_id[rev_id].labels.damaging]
    assert len(damaging) > 0.7 * len(reverted) > 0


def test_a_sha1_has_31_digits_as_in_mediawiki() -> None:
    assert base36_sha1("") == "phoiac9h4m842xq45sp7s6u21eteeq1"
    assert all(len(base36_sha1(str(number))) == 31 for number in range(300))
