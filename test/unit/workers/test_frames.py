"""Messages arrive whole and in order, however the bytes are cut."""

from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.workers import frames


@given(st.lists(st.text() | st.binary() | st.integers()), st.lists(st.integers(1, 50)))
def test_any_cut_of_the_bytes_gives_the_same_messages(
    messages: list[object], cuts: list[int]
) -> None:
    data = b"".join(map(frames.encode, messages))
    decoder = frames.Decoder()
    received = []
    for size in cuts:
        received += decoder.feed(data[:size])
        data = data[size:]
    received += decoder.feed(data)
    assert received == messages
