"""A logged payload tells what was asked, not who it is about, and stays short."""

import json

from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.payloads import loggable


def test_a_plain_request_is_logged_as_it_is() -> None:
    assert loggable(b'{"rev_id": 12, "extended_output": true}') == {
        "rev_id": 12,
        "extended_output": True,
    }


def test_personal_data_of_an_event_is_struck_out() -> None:
    body = {"event": {"rev_id": 5, "performer": {"user_text": "Alice"}, "comment": "secret"}}
    shown = json.dumps(loggable(json.dumps(body).encode()))
    assert "Alice" not in shown and "secret" not in shown
    assert '"rev_id": 5' in shown


def test_what_is_no_json_is_not_repeated() -> None:
    assert loggable(b"<html>secret") == "not JSON"


@given(st.recursive(st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_payload_stays_bounded(value: object) -> None:
    shown = loggable(json.dumps(value).encode())
    assert depth(shown) <= 5


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((depth(item) for item in inner), default=0)


def test_a_large_payload_stays_short() -> None:
    wide = {str(number): ["x" * 1000] * 100 for number in range(100)}
    assert len(json.dumps(loggable(json.dumps(wide).encode()))) < 100_000
