"""The bounded queue of this process: what waits, what is under way, what gives way."""

from liftwing_serving.events.queue import MemoryQueue
from support.eventgate import queued


def test_a_full_queue_drops_the_oldest() -> None:
    queue = MemoryQueue(max_events=2)
    assert [queue.accept(queued(number)) for number in (1, 2, 3)] == [0, 0, 1]
    assert [e.id for e in queue.take(10, 10**6)] == ["id-2", "id-3"]


def test_a_queue_is_bounded_in_bytes_and_counts_what_is_under_way() -> None:
    queue = MemoryQueue(max_bytes=2500)
    assert [queue.accept(queued(number, 1000)) for number in (1, 2)] == [0, 0]
    taken = queue.take(2, 10**6)
    assert queue.accept(queued(3, 1000)) == 1
    assert len(queue) == 0
    queue.acknowledge(taken)
    assert queue.accept(queued(4, 1000)) == 0


def test_a_batch_is_bounded_in_events_and_bytes_but_never_empty() -> None:
    queue = MemoryQueue()
    for number in range(4):
        queue.accept(queued(number, 1000))
    assert [len(queue.take(*bounds)) for bounds in ((1, 10**6), (9, 2200), (9, 10))] == [1, 2, 1]
    assert queue.take(9, 9) == []


def test_what_is_given_back_comes_first_and_in_order() -> None:
    queue = MemoryQueue()
    for number in range(4):
        queue.accept(queued(number))
    queue.give_back(queue.take(2, 10**6))
    assert [e.id for e in queue.take(9, 10**6)] == ["id-0", "id-1", "id-2", "id-3"]
    assert queue.close() == 0


def test_a_few_huge_events_do_not_flush_many_of_usual_size() -> None:
    queue = MemoryQueue(max_events=10_000, max_bytes=1_000_000)
    for number in range(500):
        assert queue.accept(queued(number, 1_000)) == 0
    for number in range(500, 600):
        queue.accept(queued(number, 80_000))
    left = {event.id for event in queue.take(10_000, 10**9)}
    assert {f"id-{number}" for number in range(500)} <= left
    # Of the huge ones the freshest are kept, in what room there is.
    assert left - {f"id-{number}" for number in range(500)} == {
        f"id-{number}" for number in range(600 - (len(left) - 500), 600)
    }
    assert len(left) > 500
