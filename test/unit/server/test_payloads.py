"""A logged payload tells what was asked, not who it is about, and stays short."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.server.payloads import loggable


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


def test_several_texts_are_shown_as_a_list_within_the_same_bounds() -> None:
    texts = [b'{"rev_id": 1}', b"<html>secret", b'{"comment": "secret"}']
    shown = [{"rev_id": 1}, "not JSON", {"comment": "redacted"}]
    assert loggable(*texts) == shown
    assert loggable(*texts * 500) == (shown * 7)[:20]
    wide = json.dumps([["x" * 200] * 20] * 20).encode()
    assert size(loggable(*[wide] * 500)) <= 5000
    assert loggable(*[b"[" + b"[]," * 600 + b"0]"] * 500) == "..."


def test_what_is_no_json_is_not_repeated() -> None:
    assert loggable(b"<html>secret") == "not JSON"


ANY_JSON = st.recursive(
    st.text() | st.integers() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(ANY_JSON)
def test_any_payload_stays_bounded(value: object) -> None:
    shown = loggable(json.dumps(value).encode())
    assert depth(shown) <= 5
    assert size(shown) <= 5000


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((depth(item) for item in inner), default=0)


def size(value: object) -> int:
    return len(json.dumps(value))


def nested(levels: int, width: int, leaf: object, key: str = "") -> object:
    """Objects, or lists if there is no key, of that many members on each level."""
    if levels == 0:
        return leaf
    inner = nested(levels - 1, width, leaf, key)
    return {f"{number}{key}": inner for number in range(width)} if key else [inner] * width


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param({"text": "x" * 1_000_000}, id="long"),
        pytest.param({"x" * 1_000_000: 1}, id="a long key"),
        pytest.param({str(number): ["x" * 1000] * 100 for number in range(100)}, id="wide"),
        pytest.param([[] for _ in range(100_000)], id="wide and empty"),
        pytest.param(nested(3, 20, "x" * 100, "k" * 180), id="long keys on each level"),
        pytest.param(nested(4, 20, 1), id="as wide as is shown on each level"),
        pytest.param(nested(4, 20, "", "k"), id="as wide and empty"),
        pytest.param(nested(100, 1, "x", "k"), id="deep"),
        pytest.param(["\U0001f600" * 200] * 20, id="longer when written"),
        pytest.param(
            {f"{number}" + "\0" * 190: "\0" * 200 for number in range(20)}, id="unprintable"
        ),
    ],
)
def test_a_hostile_payload_is_cut_to_a_few_kilobytes(hostile: object) -> None:
    shown = loggable(json.dumps(hostile).encode())
    assert size(shown) <= 5000
    assert depth(shown) <= 5


def test_a_cut_payload_still_shows_its_beginning() -> None:
    hostile = {"rev_id": 12, "wide": [["x" * 100] * 20] * 20, "late": 1}
    shown = loggable(json.dumps(hostile).encode())
    assert shown["rev_id"] == 12
    assert shown["wide"][0] == ["x" * 100] * 20
    assert "late" not in shown


def test_an_ordinary_event_is_shown_whole() -> None:
    event = {f"field{number}": {"id": number, "name": "x" * 20} for number in range(18)}
    assert loggable(json.dumps({"event": event}).encode()) == {"event": event}
