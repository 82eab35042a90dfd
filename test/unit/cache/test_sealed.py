"""What lies where others write, too."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.cache.sealed import seal, unseal


@given(st.text(), st.binary(), st.floats(allow_nan=False))
def test_what_was_sealed_is_found_with_its_end(name: str, value: bytes, end: float) -> None:
    assert unseal(name, seal(name, value, end)) == (value, end)


@given(st.binary(max_size=200))
def test_somebody_elses_bytes_are_nothing(entry: bytes) -> None:
    assert unseal("a", entry) is None


def test_a_value_of_another_name_is_nothing() -> None:
    assert unseal("b", seal("a", b"value", 1.0)) is None
    # However name and value are put together.
    assert unseal("a", seal("a\0", b"value", 1.0)) is None


@given(st.integers(0, 30), st.integers(1, 255))
def test_a_value_that_was_changed_or_cut_off_is_nothing(place: int, by: int) -> None:
    entry = bytearray(seal("a", b"value" * 3, 1.0))
    entry[place] ^= by
    assert unseal("a", bytes(entry)) is None
    assert unseal("a", seal("a", b"value" * 3, 1.0)[:place]) is None


def test_nothing_is_unpickled() -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("raise SystemExit",)

    assert unseal("a", pickle.dumps(Bomb())) is None
