"""MediaWiki's JSON becomes documents, or an error that says MediaWiki is at fault."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liftwing_serving.mediawiki.documents import Page, Revision
from liftwing_serving.errors import UpstreamUnusable
from liftwing_serving.mediawiki import answers

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["query", "pages", "revisions", "revid", "badrevids", "users", "name", "userid"]
        ),
        inner,
        max_size=4,
    ),
)


ANSWERS = st.lists(
    st.lists(st.integers(1, 10**9), min_size=1, max_size=8), min_size=2, max_size=6
).filter(lambda pages: len({id_ for ids in pages for id_ in ids}) == sum(map(len, pages)))


@settings(deadline=None)
@given(ANSWERS)
def test_each_revision_of_an_answer_is_found_under_its_own_id(pages: list[list[int]]) -> None:
    """However MediaWiki sorts them, and with nothing of another revision or page."""
    answer = {"query": {"pages": [page_of(number, ids) for number, ids in enumerate(pages, 1)]}}
    found, missing = answers.revisions_of(answer)
    assert missing == set()
    assert found == {
        rev_id: Revision(
            rev_id=rev_id,
            parent_id=rev_id + 1,
            page=Page(page_id=number, namespace=number % 3, title=f"Page {number}"),
            timestamp=f"2026-01-01T00:00:{rev_id % 60:02d}Z",
            user=f"User {rev_id}",
            user_id=rev_id + 2,
            size=rev_id + 3,
            comment=f"comment of {rev_id}",
            text=f"text of {rev_id}",
            content_model="wikitext",
        )
        for number, ids in enumerate(pages, 1)
        for rev_id in ids
    }


def page_of(number: int, rev_ids: list[int]) -> dict[str, Any]:
    revisions = [
        {
            "revid": rev_id,
            "parentid": rev_id + 1,
            "user": f"User {rev_id}",
            "userid": rev_id + 2,
            "timestamp": f"2026-01-01T00:00:{rev_id % 60:02d}Z",
            "size": rev_id + 3,
            "comment": f"comment of {rev_id}",
            "slots": {"main": {"contentmodel": "wikitext", "content": f"text of {rev_id}"}},
        }
        for rev_id in rev_ids
    ]
    return {"pageid": number, "ns": number % 3, "title": f"Page {number}", "revisions": revisions}


@pytest.mark.parametrize(
    "bad",
    [
        {"7": {"revid": 7, "missing": True}, "9": {"revid": 9, "missing": True}},
        [{"revid": 7, "missing": True}, {"revid": 9, "missing": True}],
    ],
)
def test_missing_revisions_are_read_in_both_of_phps_forms(bad: Any) -> None:
    assert answers.revisions_of({"query": {"badrevids": bad}}) == ({}, {7, 9})


def test_no_missing_revisions() -> None:
    assert answers.revisions_of({"query": {}}) == ({}, set())
    assert answers.revisions_of({"batchcomplete": True}) == ({}, set())


def test_a_hidden_field_is_none() -> None:
    revision = {"revid": 2, "parentid": 1, "timestamp": "2026-01-01T00:00:00Z", "size": 3}
    revision |= {"userhidden": True, "commenthidden": True}
    revision |= {"slots": {"main": {"contentmodel": "wikitext", "texthidden": True}}}
    page = {"pageid": 5, "ns": 0, "title": "T", "revisions": [revision]}
    found = answers.revisions_of({"query": {"pages": [page]}})[0][2]
    assert (found.user, found.user_id, found.comment, found.text) == (None, None, None, None)
    assert found.content_model == "wikitext"


def test_a_revision_without_a_parent_id_has_no_parent() -> None:
    revision = {name: value for name, value in REVISION.items() if name != "parentid"}
    page = {"pageid": 5, "ns": 0, "title": "T", "revisions": [revision]}
    assert answers.revisions_of({"query": {"pages": [page]}})[0][2].parent_id == 0


def test_a_missing_account_has_only_a_name() -> None:
    users = answers.users_of_names({"query": {"users": [{"name": "X", "missing": True}]}})
    assert users["X"].groups is None and users["X"].registration is None


REVISION = {
    "revid": 2,
    "parentid": 1,
    "user": "X",
    "userid": 4,
    "timestamp": "2026-01-01T00:00:00Z",
    "size": 3,
    "comment": "c",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [("user", 7), ("user", []), ("userid", "4"), ("size", "20"), ("parentid", []), ("revid", True)]
    + [("comment", 1), ("timestamp", None), ("timestamp", "yesterday"), ("slots", [])]
    + [("slots", {"main": {"content": 5}}), ("slots", {"main": {"content": ["x"]}})],
)
def test_a_revision_of_wrong_types_is_mediawikis_fault(field: str, value: Any) -> None:
    page = {"pageid": 5, "ns": 0, "title": "T", "revisions": [{**REVISION, field: value}]}
    with pytest.raises(UpstreamUnusable):
        answers.revisions_of({"query": {"pages": [page]}})


@pytest.mark.parametrize("bad", [5, {"7": {}}, [{"revid": "7"}], {"7": None}])
def test_missing_revisions_of_wrong_types_are_mediawikis_fault(bad: Any) -> None:
    with pytest.raises(UpstreamUnusable):
        answers.revisions_of({"query": {"badrevids": bad}})


@pytest.mark.parametrize("field", ["pageid", "ns", "title"])
def test_a_page_that_lacks_a_field_is_mediawikis_fault(field: str) -> None:
    page = {"pageid": 5, "ns": 0, "title": "T", "revisions": [REVISION]}
    del page[field]
    with pytest.raises(UpstreamUnusable):
        answers.revisions_of({"query": {"pages": [page]}})


def test_a_page_that_is_only_named_has_no_revisions() -> None:
    document = {"query": {"pages": [{"ns": 0, "title": "T", "missing": True}]}}
    assert answers.revisions_of(document) == ({}, set())


@pytest.mark.parametrize(
    "fields", [{"groups": 5}, {"groups": [1]}, {"registration": "long ago"}, {"editcount": "many"}]
)
def test_a_user_of_wrong_types_is_mediawikis_fault(fields: dict[str, Any]) -> None:
    with pytest.raises(UpstreamUnusable):
        answers.users_of_names({"query": {"users": [{"name": "X", **fields}]}})


@given(ANY_JSON.filter(lambda value: isinstance(value, dict)))
def test_any_json_is_documents_or_mediawikis_fault(document: dict[str, Any]) -> None:
    for read in (answers.revisions_of, answers.users_of_names, answers.users_of_ids):
        try:
            read(document)
        except UpstreamUnusable:
            pass
