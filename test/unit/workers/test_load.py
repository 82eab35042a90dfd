"""Which work is expected to take how long, and which is refused for it."""

from __future__ import annotations

import pytest
from liftwing_serving.workers.cost import FIRST_GUESS_SECONDS, Cost, Work
from liftwing_serving.workers.load import PATIENCE, PATIENCE_SHARE, Load
from liftwing_serving.workers.overtime import (
    REPLACEMENT_SECONDS,
    is_stuck,
    stopping_is_cheaper,
)

KIND = "damaging"


def load_of(workers: int, seconds_each: float = 1.0, max_queue_seconds: float = 10) -> Load:
    """One whose tasks were measured to take that long, whatever their size."""
    load = Load(max_queue_seconds)
    load.workers = workers
    for size in (100, 200, 300):
        measure(load, size, seconds_each)
    return load


def measure(load: Load, size: int, seconds: float) -> None:
    share = load.add(Work(KIND, size))
    load.begin(share, 50)
    load.finish(share, 50 + seconds)


def test_seconds_are_a_line_over_the_size_and_the_mean_where_no_size_is_known() -> None:
    cost = Cost()
    assert cost.expected(500) == FIRST_GUESS_SECONDS
    for size in (1000, 2000, 3000) * 20:
        cost.learn(size, 0.1 + size / 10_000)
    assert cost.expected(None) == pytest.approx(0.3, rel=0.01)
    assert cost.expected(2000) == pytest.approx(0.3, rel=0.01)
    assert cost.expected(100_000) == pytest.approx(10.1, rel=0.01)


def test_sizes_that_are_all_alike_have_their_mean() -> None:
    cost = Cost()
    for seconds in (0.1, 0.3):
        cost.learn(1000, seconds)
    assert cost.expected(50_000) == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize("slope", [-1e-6, 1e-3])
def test_nothing_is_ever_expected_to_take_less_than_no_time(slope: float) -> None:
    cost = Cost()
    for size in (1000, 2000, 3000):
        cost.learn(size, max(0.0, slope * (size - 1500)) + 0.1)
    assert all(cost.expected(size) >= 0 for size in (0, 10, 10**9))


def test_what_changed_is_learnt() -> None:
    load = load_of(1, seconds_each=1.0)
    for _ in range(1000):
        measure(load, 200, 0.1)
    assert load.expected(Work(KIND)) == pytest.approx(0.1, rel=0.1)


def test_queued_seconds_are_all_that_is_announced_waits_and_runs_by_workers() -> None:
    load = load_of(2)
    announced = [load.announce(Work(KIND)) for _ in range(3)]
    load.add(Work(KIND, 200))
    running = load.add(Work(KIND, 200))
    load.begin(running, now=100.0)
    assert load.queued_seconds(now=100.0) == pytest.approx(2.5)
    assert load.queued_seconds(now=100.4) == pytest.approx(2.3)
    # It takes longer than was expected: nobody knows how much.
    assert load.queued_seconds(now=103.0) == pytest.approx(2.0)
    load.arrived(announced[0])
    load.finish(running, now=103.0)
    assert load.queued_seconds(now=103.0) == pytest.approx(1.5)


def test_nothing_is_left_of_tasks_that_ended_or_were_given_up() -> None:
    load = load_of(1)
    shares = [load.add(Work(KIND, 123, heavy=bool(number % 2))) for number in range(10)]
    for share in shares[:5]:
        load.begin(share, 1.0)
    load.put_back(shares[0])
    for share in shares:
        load.remove(share)
        load.remove(share)
    assert load.queued_seconds(now=2.0) == 0


def test_a_pause_is_no_time_that_a_task_ran() -> None:
    load = Load(10)
    load.workers = 1
    share = load.add(Work(KIND, 100))
    share.seconds = 3.0
    load.begin(share, now=10.0)
    load.pause(share, now=11.0)
    assert load.queued_seconds(now=15.0) == pytest.approx(2.0)
    load.resume(share, now=15.0)
    assert load.queued_seconds(now=16.0) == pytest.approx(1.0)
    load.finish(share, now=17.0)
    assert load.expected(Work(KIND)) == pytest.approx(3.0)


def test_the_cheapest_go_first_and_nothing_waits_for_ever() -> None:
    load = Load(10)
    for size in (100, 1000, 2000):
        measure(load, size, size / 1000)
    cheap, dear = Work(KIND, 100), Work(KIND, 1000)
    first = load.add(dear, now=0.0, seconds_left=1000)
    overtaking = load.add(cheap, now=0.5 * PATIENCE, seconds_left=1000)
    late = load.add(cheap, now=PATIENCE, seconds_left=1000)
    assert overtaking.rank < first.rank < late.rank
    # Nobody waits longer for others than a part of the time there is.
    hurried = load.add(dear, now=0.0, seconds_left=2.0)
    assert hurried.rank == pytest.approx(2.0 * PATIENCE_SHARE)


def test_what_is_to_go_first_does() -> None:
    load = load_of(1)
    waiting = load.add(Work(KIND, 100), now=0.0)
    assert load.add(Work(KIND, 5000, first=True), now=9.0).rank < waiting.rank


def test_what_is_queued_beyond_the_limit_is_refused_but_not_for_its_own_cost() -> None:
    load = load_of(2, seconds_each=4.0, max_queue_seconds=10)
    for _ in range(5):
        load.announce(Work(KIND))
    assert load.queued_seconds(now=0) == pytest.approx(10)
    assert load.refusal(Work(KIND), seconds_left=100, now=0) is None
    load.announce(Work(KIND))
    assert load.refusal(Work(KIND), seconds_left=100, now=0) == 2


def test_what_could_not_end_in_its_time_is_refused() -> None:
    load = load_of(1)
    for _ in range(4):
        load.announce(Work(KIND))
    assert load.refusal(Work(KIND), seconds_left=8, now=0) is None
    refusal = load.refusal(Work(KIND), seconds_left=4, now=0)
    assert refusal is not None and refusal >= 1


def test_an_idle_worker_takes_what_is_expected_to_take_too_long() -> None:
    load = load_of(2, seconds_each=60)
    load.announce(Work(KIND))
    assert load.refusal(Work(KIND), seconds_left=5, now=0) is None
    load.announce(Work(KIND))
    assert load.refusal(Work(KIND), seconds_left=5, now=0) is not None


def test_requests_are_not_refused_for_dearer_ones_that_they_overtake() -> None:
    load = Load(10)
    load.workers = 2
    for size in (100, 1000, 2000):
        measure(load, size, size / 1000)
    dear, cheap = Work(KIND, 2000, heavy=True), Work(KIND, 100)
    for _ in range(30):
        load.add(dear, now=0.0, seconds_left=60)
    assert load.refusal(cheap, seconds_left=30, now=0.1) is None
    assert load.refusal(dear, seconds_left=60, now=0.1) is not None
    # By then they are overtaken no more.
    assert load.refusal(cheap, seconds_left=30, now=15.0) is not None


def test_a_task_is_refused_late_only_if_it_cannot_end_in_its_time() -> None:
    load = load_of(2)
    for _ in range(30):
        load.add(Work(KIND, 200), now=0.0, seconds_left=30)
        load.announce(Work(KIND))
    assert load.late_refusal(Work(KIND, 200), seconds_left=16.5, now=8.0) is None
    assert load.late_refusal(Work(KIND, 200), seconds_left=15.5, now=8.0) is not None


def test_a_worker_is_replaced_only_if_its_task_takes_longer_than_a_new_worker_costs() -> None:
    assert not stopping_is_cheaper(expected=0.5, ran=0.4)
    assert stopping_is_cheaper(expected=60, ran=1)
    assert not stopping_is_cheaper(expected=60, ran=60 - REPLACEMENT_SECONDS / 2)
    # What takes twice as long as expected is not expected to end soon.
    assert stopping_is_cheaper(expected=0.1, ran=2 * REPLACEMENT_SECONDS)


def test_a_task_is_stuck_when_it_ran_twice_its_time_and_thrice_what_was_expected() -> None:
    assert not is_stuck(expected=0.1, ran=59, given=30)
    assert is_stuck(expected=0.1, ran=61, given=30)
    # One that was given next to nothing is not to blame for taking its usual time.
    assert not is_stuck(expected=1, ran=3, given=0.01)
    assert is_stuck(expected=1, ran=5.1, given=0.01)


def test_a_batch_is_refused_as_a_whole_and_for_its_own_cost() -> None:
    load = load_of(2)
    load.announce(Work(KIND))
    load.announce(Work(KIND))
    # 20 of a second each are 10 for two workers, of 30 that may be planned with.
    assert load.refusal(Work(KIND), seconds_left=40, now=0, number=20) is None
    assert load.refusal(Work(KIND), seconds_left=40, now=0, number=60) is not None
    assert load.refusal(Work(KIND), seconds_left=40, now=0) is None


def test_an_idle_server_begins_a_batch_of_any_size() -> None:
    load = load_of(2)
    assert load.refusal(Work(KIND), seconds_left=5, now=0, number=500) is None


def test_what_waits_of_a_batch_counts_for_other_batches_and_not_for_single_requests() -> None:
    load = load_of(2)
    load.plan(KIND, 60)
    assert load.queued_seconds(now=0, batch=True) == pytest.approx(30)
    assert load.refusal(Work(KIND), seconds_left=100, now=0, number=2) == 20
    # Both workers have something to do.
    announced = [load.announce(Work(KIND)) for _ in range(2)]
    assert load.refusal(Work(KIND), seconds_left=5, now=0) is None
    for share in announced:
        load.arrived(share)
    load.unplan(KIND, 59)
    load.unplan(KIND)
    assert load.queued_seconds(now=0, batch=True) == 0
