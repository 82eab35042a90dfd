"""What ORES' clients send, read or refused as ORES did."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from liftwing_serving.ores.failures import Failure
from liftwing_serving.ores.queries import (
    Form,
    Query,
    parameters_in,
    read_event,
    read_form,
    read_query,
)


def query(text: str, **path: str) -> Query:
    return read_query(parameters_in(text), path.pop("context", "enwiki"), **path)


def refusal(text: str) -> Failure:
    with pytest.raises(Failure) as caught:
        query(text)
    assert caught.value.status == 400
    return caught.value


def test_models_and_revisions_are_read_in_their_order_and_once() -> None:
    read = query("models=damaging%7Cgoodfaith|damaging&revids=7%7C6%7C5|6&format=json")
    assert (read.models, read.rev_ids) == (("damaging", "goodfaith"), (7, 6, 5))
    assert query("models=&revids=") == Query("enwiki")
    assert query("20261121142229=1&format=json&precache=1") == Query("enwiki")


def test_parts_of_the_path_say_the_same() -> None:
    assert query("models=x&revids=1", model="damaging", revision="7") == Query(
        "enwiki", ("damaging",), (7,)
    )


def test_fifty_revisions_are_the_most() -> None:
    assert len(query(urlencode({"revids": "|".join(map(str, range(50)))})).rev_ids) == 50
    failure = refusal(urlencode({"revids": "|".join(map(str, range(51)))}))
    assert failure.document() == {
        "error": {
            "code": "bad request",
            "message": "Too many values for 'revids' parameter.  Max of 50.",
        }
    }


@pytest.mark.parametrize("revids", ["a", "1|", "1.0", "1,2", "0x1", "٣", "1" * 30])
def test_revids_that_are_no_integers_are_refused(revids: str) -> None:
    text = refusal(urlencode({"revids": revids})).message
    assert text.startswith("Could not interpret revids. ")


def test_what_cannot_be_read_is_shown_as_it_was_sent() -> None:
    text = refusal(urlencode({"revids": "1|2|x <b>"})).message
    assert text == "Could not interpret revids. 1|2|x ?b? is no list of integers."


def test_features_are_wanted_by_the_parameter_being_there() -> None:
    for text in ("features", "features=", "features=true"):
        assert query(text).features
    assert not query("feature=1").features


def test_model_info_without_a_value_is_all_of_it() -> None:
    found = [
        query(text).model_info for text in ("", "model_info", "model_info=", "model_info=a%7Cb")
    ]
    assert found == [None, "", "", "a|b"]


def test_thresholds_arrive_as_the_extension_encodes_them() -> None:
    asked = 'statistics.thresholds.false."maximum recall @ precision >= 0.995"'
    assert query(urlencode({"models": "damaging", "model_info": asked})).model_info == asked


def test_values_are_injected_into_one_revision_or_all() -> None:
    inject = json.dumps({"1": {"feature.a": 1}})
    sent = {"revids": "1|2", "inject": inject, "feature.b": "2.5", "datasource.t": '"x"'}
    for_all: dict[str, Any] = {"feature.b": 2.5, "datasource.t": "x"}
    assert query(urlencode(sent)).inject == {1: {**for_all, "feature.a": 1}, 2: for_all}
    for wrong in ("[]", "{", '{"1": 2}', '{"3": {}}'):
        refusal(urlencode({"revids": "1|2", "inject": wrong}))
    refusal("revids=1&feature.b=long")


def test_values_to_inject_are_not_nested_without_end() -> None:
    # Deeper ones could not be handed on.
    for deep in ("[" * 300 + "]" * 300, '{"a":' * 30 + "1" + "}" * 30):
        refusal(urlencode({"revids": "1", "datasource.t": deep}))
        refusal(urlencode({"revids": "1", "inject": f'{{"1": {{"datasource.t": {deep}}}}}'}))
    flat = urlencode({"revids": "1", "datasource.t": "[[1], {}]"})
    assert query(flat).inject == {1: {"datasource.t": [[1], {}]}}


def test_the_answer_is_in_one_line_for_json_only() -> None:
    assert read_form(parameters_in("format=json")) == Form(compact=True)
    assert read_form(parameters_in("format=jsonfm")) == Form()


def test_a_callback_is_a_name_and_nothing_that_a_script_could_be() -> None:
    assert read_form({"callback": "a.b_c.$d9"}) == Form(callback="a.b_c.$d9")
    for wrong in ("alert(1)", "a;b", "a b", "1a", "a.", "a\n", "<script>", "é", "a[0]", "x" * 99):
        with pytest.raises(Failure):
            read_form({"callback": wrong})


def test_of_several_parameters_of_a_name_the_first_counts_and_the_url_before_the_form() -> None:
    read = parameters_in("models=a&models=b", "models=c&revids=1")
    assert read == {"models": "a", "revids": "1"}


def test_an_event_names_a_wiki_and_a_revision() -> None:
    event = {"database": "enwiki", "rev_id": 7, "page_title": "T"}
    assert read_event(json.dumps(event).encode()) == Query("enwiki", rev_ids=(7,))
    for wrong in (b"", b"[]", b"{", b'{"database": "enwiki"}', b'{"database": 1, "rev_id": 1}'):
        with pytest.raises(Failure) as caught:
            read_event(wrong)
        assert caught.value.status == 400
