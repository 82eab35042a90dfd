"""Server-sent events as they are read and written."""

from __future__ import annotations

import pytest
from liftwing_serving.ores.page.sse import Message, Reader, TooLong, written

STREAM = (
    b":ok\n\n"
    b'event: message\nid: [{"offset":1}]\ndata: {"a":1}\n\n'
    b"data: two\r\ndata:lines\r\n\r\n"
    b"retry: 5\n\n"
    b"id: 9\ndata: \xc3\xa9\n\ndata: never ended"
)
MESSAGES = [
    Message('{"a":1}', '[{"offset":1}]'),
    Message("two\nlines", '[{"offset":1}]'),
    Message("é", "9"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_may_come_in_pieces_of_any_size(size: int) -> None:
    reader = Reader(1000)
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert [message for piece in pieces for message in reader.feed(piece)] == MESSAGES


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 200, b"data: xxxxxxxxx\n" * 20])
def test_an_event_without_end_is_given_up(stream: bytes) -> None:
    with pytest.raises(TooLong):
        list(Reader(100).feed(stream))


def test_what_is_written_can_be_read() -> None:
    assert list(Reader(100).feed(written(b"{}", "a-1", "change"))) == [Message("{}", "a-1")]
