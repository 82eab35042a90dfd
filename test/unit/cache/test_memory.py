"""What a process keeps, for how long and in how many bytes."""

from __future__ import annotations

import gc

from liftwing_serving.cache.memory import OVERHEAD_BYTES, MemoryCache


def test_a_value_is_found_until_its_end() -> None:
    cache = MemoryCache(10_000)
    cache.put("a", b"1", end=10.0)
    assert cache.get("a", now=9.9) == b"1"
    assert cache.get("b", now=9.9) is None
    assert cache.get("a", now=10.0) is None
    assert cache.size == 0


def test_a_value_takes_the_place_of_the_one_before() -> None:
    cache = MemoryCache(10_000)
    cache.put("a", b"1", end=10.0)
    size = cache.size
    cache.put("a", b"2", end=20.0)
    assert cache.get("a", now=15.0) == b"2"
    assert cache.size == size == 1 + 8 + 1 + OVERHEAD_BYTES


def test_the_bytes_are_never_more_than_allowed_and_what_is_asked_for_stays() -> None:
    cache = MemoryCache(100_000)
    cache.put("popular", b"kept", end=1e9)
    for number in range(10_000):
        cache.put(f"name {number}", b"x" * (number % 300), end=1e9)
        assert cache.get("popular", now=1.0) == b"kept"
        assert cache.size <= 100_000
    assert cache.get("name 9999", now=1.0) is not None
    assert cache.get("name 0", now=1.0) is None


def test_what_is_too_large_is_not_kept_and_takes_nothing_elses_place() -> None:
    cache = MemoryCache(10_000)
    cache.put("a", b"1", end=10.0)
    cache.put("b", b"x" * 6000, end=10.0)
    assert (cache.get("a", now=1.0), cache.get("b", now=1.0)) == (b"1", None)


def test_no_bytes_keep_nothing() -> None:
    cache = MemoryCache(0)
    cache.put("a", b"1", end=10.0)
    assert cache.get("a", now=1.0) is None and cache.size == 0


def test_what_is_removed_is_gone_from_both_tables() -> None:
    cache = MemoryCache(2000)
    for number in range(6):
        cache.put(str(number), b"x" * 100, end=10.0)
    for number in range(6):
        cache.remove(str(number))
    assert cache.size == 0
    assert all(cache.get(str(number), now=1.0) is None for number in range(6))


def test_fault_23_the_collector_does_not_walk_what_is_kept() -> None:
    cache = MemoryCache(10_000_000)
    for number in range(1000):
        cache.put(str(number), b"x", end=1e9)
    gc.collect()
    assert not gc.is_tracked(cache._young)
