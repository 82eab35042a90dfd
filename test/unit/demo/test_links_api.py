"""The queries of outlinks are answered as MediaWiki 1.39 does; a few cases by hand."""

from __future__ import annotations

from typing import Any

import pytest
from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.api import answer
from liftwing_demo.wiki.calls import Calls
from support.api_queries import ITEMS, outlinks, parsed

Nasty = dict[str, list[int]]


def ask(store: WikiStore, query: dict[str, str], version: int = 2) -> dict[str, Any]:
    return answer(store, {"formatversion": str(version), **query})


def test_outlinks_come_in_parts_that_make_a_whole(store: WikiStore) -> None:
    query = outlinks(titles="Alabama")
    titles: list[str] = []
    parts = 0
    while True:
        document = ask(store, query)
        parts += 1
        titles += [page["title"] for page in document["query"]["pages"]]
        if "continue" not in document:
            break
        assert document["continue"]["continue"] == "gplcontinue||"
        query = query | document["continue"]
    assert parts == 2 and len(titles) > 600
    latest = store.latest_revisions([303])[303].rev_id
    linked = {link["title"] for link in links_of(store, latest) if link["ns"] == 0}
    # Redirects have led to other titles, some of which are linked too.
    assert len(linked - set(titles)) < 20


def links_of(store: WikiStore, rev_id: int) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = ask(store, parsed(rev_id))["parse"]["links"]
    return links


def test_redirects_are_followed_to_the_end(store: WikiStore) -> None:
    document = ask(store, {"action": "query", "titles": "Einstein, Albert", "redirects": "1"})
    steps = document["query"]["redirects"]
    assert [(step["from"], step["to"]) for step in steps] == [
        ("Einstein, Albert", "AlbertEinstein"),
        ("AlbertEinstein", "Albert Einstein"),
    ]
    assert [page["title"] for page in document["query"]["pages"]] == ["Albert Einstein"]


def test_a_circle_of_redirects_ends_nowhere(store: WikiStore) -> None:
    document = ask(store, {"action": "query", "titles": "Roundabout way", "redirects": "1"})
    assert "pages" not in document["query"]
    assert len(document["query"]["redirects"]) == 2


def test_a_broken_redirect_ends_at_a_missing_page(store: WikiStore) -> None:
    document = ask(store, {"action": "query", "titles": "Signpost to nowhere", "redirects": "1"})
    assert document["query"]["pages"] == [{"ns": 0, "title": "Nowhere at all", "missing": True}]


def test_redirects_stay_unless_they_are_to_be_followed(store: WikiStore) -> None:
    document = ask(store, {"action": "query", "titles": "AlbertEinstein"} | ITEMS)
    (page,) = document["query"]["pages"]
    assert page["title"] == "AlbertEinstein" and "pageprops" not in page


def test_outlinks_of_a_redirect_are_those_of_its_target(store: WikiStore) -> None:
    document = ask(store, outlinks(titles="Einstein, Albert"))
    assert document["query"] == ask(store, outlinks(titles="Albert Einstein"))["query"]
    assert len(document["query"]["pages"]) > 300


@pytest.mark.parametrize("title", ["Nobody at all", "Roundabout way", "A[b", ""])
def test_what_is_no_page_has_no_outlinks(store: WikiStore, title: str) -> None:
    assert ask(store, outlinks(titles=title)) == {"batchcomplete": True, "limits": {"links": 500}}


def test_items_are_given_to_existing_pages(store: WikiStore) -> None:
    query = {"action": "query", "titles": "aardvark|Nobody knows"} | ITEMS
    document = ask(store, query)["query"]
    missing, aardvark = document["pages"]
    assert missing == {"ns": 0, "title": "Nobody knows", "missing": True}
    assert aardvark["pageprops"]["wikibase_item"].startswith("Q")
    assert ask(store, query, 1)["query"]["pages"]["680"]["pageprops"] == aardvark["pageprops"]


@pytest.mark.parametrize(("version", "name", "true"), [(1, "*", ""), (2, "title", True)])
def test_links_of_a_revision_say_whether_there_is_a_page(
    store: WikiStore, version: int, name: str, true: Any
) -> None:
    links = ask(store, parsed(1_000_001), version)["parse"]["links"]
    there = [link for link in links if link.get("exists") == true and link.get("exists") != 0]
    assert len(there) > 20
    assert all(link[name] for link in links)
    red = [link for link in links if link not in there]
    assert all(link.get("exists", False) is False for link in red) and red


def test_hidden_deleted_and_unknown_revisions_are_errors(store: WikiStore, nasty: Nasty) -> None:
    asked = {"hidden_text": "permissiondenied", "deleted": "nosuchrevid"}
    for kind, code in asked.items():
        error = ask(store, parsed(nasty[kind][0]))["error"]
        assert error["code"] == code
    assert ask(store, parsed(7))["error"]["info"] == "There is no revision with ID 7."
    assert ask(store, parsed("x"))["error"]["code"] == "badinteger"


def test_a_page_in_json_has_no_links(store: WikiStore, nasty: Nasty) -> None:
    for rev_id in nasty["other_content_model"]:
        assert links_of(store, rev_id) == []


def test_calls_are_counted_by_what_they_ask() -> None:
    calls = Calls()
    for query in (outlinks(titles="A"), parsed(1), {"action": "query", "titles": "A"}):
        calls.record(query, "h", "a")
    assert calls.document()["by_action"] == {"pageprops": 1, "links": 1, "parse": 1, "query": 1}
