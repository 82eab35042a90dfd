"""The action API answers as MediaWiki 1.39 does, in both format versions."""

from typing import Any

import pytest
from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.api import answer

RVPROP = "ids|timestamp|flags|user|userid|size|comment|content|contentmodel|sha1|tags"
Nasty = dict[str, list[int]]


def ask(store: WikiStore, version: int, **params: str) -> dict[str, Any]:
    return answer(store, {"action": "query", "formatversion": str(version), **params})


def ask_revisions(store: WikiStore, version: int, *ids: int, **more: str) -> dict[str, Any]:
    params = {"prop": "revisions", "rvprop": RVPROP, "rvslots": "main"} | more
    return ask(store, version, revids="|".join(map(str, ids)), **params)


def only_revision(document: dict[str, Any]) -> dict[str, Any]:
    pages = document["query"]["pages"]
    (page,) = pages.values() if isinstance(pages, dict) else pages
    (revision,) = page["revisions"]
    assert isinstance(revision, dict)
    return revision


def test_version_1_keys_pages_by_id_and_calls_content_a_star(store: WikiStore) -> None:
    document = ask_revisions(store, 1, 1_000_001)
    ((key, page),) = document["query"]["pages"].items()
    assert key == str(page["pageid"])
    revision = page["revisions"][0]
    assert revision["revid"] == 1_000_001
    assert len(revision["slots"]["main"]["*"].encode()) == revision["size"]
    assert revision["slots"]["main"]["contentmodel"] == "wikitext"
    assert document["batchcomplete"] == ""


def test_version_2_lists_pages_and_has_real_booleans(store: WikiStore) -> None:
    document = ask_revisions(store, 2, 1_000_001)
    revision = only_revision(document)
    assert isinstance(document["query"]["pages"], list)
    assert len(revision["slots"]["main"]["content"].encode()) == revision["size"]
    assert isinstance(revision["minor"], bool)
    assert document["batchcomplete"] is True


def test_version_1_is_the_default(store: WikiStore) -> None:
    document = answer(store, {"action": "query", "prop": "revisions", "revids": "1000001"})
    assert isinstance(document["query"]["pages"], dict)


def test_the_sha1_is_hexadecimal(store: WikiStore, nasty: Nasty) -> None:
    revision = only_revision(ask_revisions(store, 2, nasty["blanked_page"][0]))
    assert revision["sha1"] == "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    assert revision["slots"]["main"]["content"] == ""


def test_a_first_revision_has_parent_0(store: WikiStore, nasty: Nasty) -> None:
    assert only_revision(ask_revisions(store, 1, nasty["no_parent"][0]))["parentid"] == 0


@pytest.mark.parametrize(("version", "true"), [(1, ""), (2, True)])
def test_deleted_and_unknown_revisions_are_bad_revids(
    store: WikiStore, nasty: Nasty, version: int, true: Any
) -> None:
    deleted = nasty["deleted"][0]
    document = ask_revisions(store, version, deleted, 999, 0)
    assert document["query"] == {
        "badrevids": {
            str(rev_id): {"revid": rev_id, "missing": true} for rev_id in (deleted, 999, 0)
        }
    }


@pytest.mark.parametrize(("version", "true"), [(1, ""), (2, True)])
def test_bad_revids_numbered_from_0_are_a_list_as_php_has_it(
    store: WikiStore, version: int, true: Any
) -> None:
    document = ask_revisions(store, version, 1, 0)
    assert document["query"]["badrevids"] == [
        {"revid": 0, "missing": true},
        {"revid": 1, "missing": true},
    ]


def test_a_child_still_names_its_deleted_parent(store: WikiStore, nasty: Nasty) -> None:
    child = only_revision(ask_revisions(store, 1, nasty["deleted_parent"][0]))
    assert "badrevids" in ask_revisions(store, 1, child["parentid"])["query"]


@pytest.mark.parametrize(("version", "true"), [(1, ""), (2, True)])
def test_a_hidden_user_is_neither_named_nor_numbered(
    store: WikiStore, nasty: Nasty, version: int, true: Any
) -> None:
    revision = only_revision(ask_revisions(store, version, nasty["hidden_user"][0]))
    assert revision["userhidden"] == true
    assert not {"user", "userid", "anon"} & set(revision)


@pytest.mark.parametrize(("version", "true"), [(1, ""), (2, True)])
def test_a_hidden_comment_is_absent(
    store: WikiStore, nasty: Nasty, version: int, true: Any
) -> None:
    revision = only_revision(ask_revisions(store, version, nasty["hidden_comment"][0]))
    assert revision["commenthidden"] == true
    assert "comment" not in revision


@pytest.mark.parametrize(("version", "true"), [(1, ""), (2, True)])
def test_a_hidden_text_is_absent_and_so_is_its_sha1(
    store: WikiStore, nasty: Nasty, version: int, true: Any
) -> None:
    revision = only_revision(ask_revisions(store, version, nasty["hidden_text"][0]))
    assert revision["slots"]["main"] == {"contentmodel": "wikitext", "texthidden": true}
    assert revision["sha1hidden"] == true
    assert "sha1" not in revision


@pytest.mark.parametrize("kind", ["anonymous", "invalid_name"])
def test_editors_without_an_id_are_anonymous(store: WikiStore, nasty: Nasty, kind: str) -> None:
    revision = only_revision(ask_revisions(store, 1, nasty[kind][0]))
    assert (revision["userid"], revision["anon"]) == (0, "")


def test_other_content_models_are_named(store: WikiStore, nasty: Nasty) -> None:
    ids = nasty["other_content_model"]
    pages = ask_revisions(store, 2, *ids)["query"]["pages"]
    models = {page["revisions"][0]["slots"]["main"]["contentmodel"] for page in pages}
    assert models == {"json", "css"}


def test_revisions_are_grouped_by_page_and_both_are_in_order(store: WikiStore) -> None:
    by_page: dict[int, list[int]] = {}
    for revision in store.all_revisions():
        by_page.setdefault(revision.page_id, []).append(revision.rev_id)
    several = sorted((p, ids) for p, ids in by_page.items() if len(ids) > 2)[:2]
    asked = [rev_id for _, ids in several for rev_id in ids]
    pages = ask_revisions(store, 2, *reversed(asked), rvprop="ids")["query"]["pages"]
    found = [(page["pageid"], [rev["revid"] for rev in page["revisions"]]) for page in pages]
    assert found == several


def test_what_one_answer_cannot_hold_comes_with_the_next(store: WikiStore) -> None:
    by_size = sorted(store.all_revisions(), key=lambda revision: -revision.size)
    large = [revision.rev_id for revision in by_size if not revision.deleted][:50]
    first = ask_revisions(store, 2, *large)
    place = first["continue"]["rvcontinue"]
    second = ask_revisions(store, 2, *large, rvcontinue=str(place))
    found = [
        revision["revid"]
        for document in (first, second)
        for page in document["query"]["pages"]
        for revision in page.get("revisions", ())
    ]
    assert sorted(found) == sorted(large)
    assert "batchcomplete" in second and "batchcomplete" not in first
    assert "truncated" in first["warnings"]["result"]["warnings"]


def test_a_missing_rvslots_gives_the_old_format_and_a_warning(store: WikiStore) -> None:
    document = answer(
        store,
        {"action": "query", "prop": "revisions", "revids": "1000001", "rvprop": "content"},
    )
    assert "*" in only_revision(document)
    assert '"rvslots" was not specified' in document["warnings"]["revisions"]["*"]


def test_titles_are_normalized_and_the_unknown_ones_missing(store: WikiStore) -> None:
    document = ask(store, 1, titles="aardvark|Talk:nobody_knows", prop="revisions")
    query = document["query"]
    assert {"from": "aardvark", "to": "Aardvark"} in query["normalized"]
    assert query["pages"]["-1"] == {"ns": 1, "title": "Talk:Nobody knows", "missing": ""}
    (latest,) = query["pages"]["680"]["revisions"]
    ids = [r.rev_id for r in store.all_revisions() if r.page_id == 680 and not r.deleted]
    assert latest["revid"] == max(ids)


def test_page_ids_give_the_latest_revision_too(store: WikiStore) -> None:
    by_id = ask(store, 2, pageids="680|5", prop="revisions")["query"]["pages"]
    by_title = ask(store, 2, titles="Aardvark", prop="revisions")["query"]["pages"]
    assert by_id == [{"pageid": 5, "missing": True}, *by_title]


def test_users_come_in_the_order_asked_for_with_their_groups(store: WikiStore) -> None:
    names = "tidyBot|Watch_robot_absent|WatchBot NG"
    users = ask(store, 1, list="users", ususers=names, usprop="groups|editcount")["query"]["users"]
    assert [user["name"] for user in users] == ["TidyBot", "Watch robot absent", "WatchBot NG"]
    assert users[0]["groups"] == ["bot", "*", "user", "autoconfirmed"]
    assert users[1] == {"name": "Watch robot absent", "missing": ""}


def test_a_newcomer_is_not_autoconfirmed(store: WikiStore) -> None:
    newcomer = next(user for user in store.users() if user.edit_count < 10)
    document = ask(store, 2, list="users", ususers=newcomer.name, usprop="groups")
    assert document["query"]["users"][0]["groups"][-2:] == ["*", "user"]


@pytest.mark.parametrize("name", ["meta>Someone", "192.0.2.7", "2001:DB8::1", "a/b", "x|y"])
def test_what_cannot_be_a_name_is_invalid(store: WikiStore, name: str) -> None:
    users = ask(store, 2, list="users", ususers=f"\x1f{name}")["query"]["users"]
    assert users == [{"name": name, "invalid": True}]


def test_names_are_read_as_titles_of_user_pages(store: WikiStore) -> None:
    for name in ("user:_ibex", "_ibex_", "Ibe\u200ex"):
        users = ask(store, 2, list="users", ususers=name)["query"]["users"]
        assert [user["name"] for user in users] == ["Ibex"]


def test_names_that_mean_the_same_are_answered_each(store: WikiStore) -> None:
    users = ask(store, 2, list="users", ususers="Ibex|ibex|Nobody|nobody")["query"]["users"]
    assert [user["name"] for user in users] == ["Ibex", "Ibex", "Nobody", "Nobody"]


def test_users_are_found_by_their_ids_too(store: WikiStore) -> None:
    (ibex,) = ask(store, 2, list="users", ususers="Ibex", usprop="groups")["query"]["users"]
    ids = f"999999999|{ibex['userid']}"
    users = ask(store, 2, list="users", ususerids=ids, usprop="groups")["query"]["users"]
    assert users == [{"userid": 999999999, "missing": True}, ibex]


def test_what_is_not_normalized_is_warned_of(store: WikiStore) -> None:
    document = ask(store, 2, list="users", ususers="E\u0301lodie Vasseur|a\x01")
    assert [user["name"] for user in document["query"]["users"]] == ["a\ufffd", "Élodie Vasseur"]
    assert "NFC-normalized" in document["warnings"]["users"]["warnings"]


def test_an_unrecorded_registration_is_null(store: WikiStore) -> None:
    ancient = next(user for user in store.users() if user.registration is None)
    for version in (1, 2):
        document = ask(store, version, list="users", ususers=ancient.name, usprop="registration")
        assert document["query"]["users"][0]["registration"] is None


def test_lists_may_be_separated_by_u001f(store: WikiStore) -> None:
    piped = ask(store, 1, revids="1000001|1000002", prop="revisions")
    assert ask(store, 1, revids="\x1f1000001\x1f1000002", prop="revisions") == piped


def test_several_modules_answer_in_one_query(store: WikiStore) -> None:
    query = ask(
        store,
        1,
        revids="1000001",
        prop="revisions",
        list="users",
        ususers="Ibex",
        meta="siteinfo",
        siprop="general|namespaces",
    )["query"]
    assert set(query) == {"pages", "users", "general", "namespaces"}
    assert query["namespaces"]["1"]["*"] == "Talk"


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"revids": "12|x"}, "badinteger"),
        ({"revids": "1.0"}, "badinteger"),
        ({"revids": "9" * 30}, "badinteger"),
        ({"revids": "|".join(map(str, range(51)))}, "toomanyvalues"),
        ({"revids": "1", "titles": "A"}, "multisource"),
        ({"action": "nothing"}, "badvalue"),
        ({"format": "xml"}, "badvalue"),
        ({"formatversion": "9"}, "badvalue"),
    ],
)
def test_a_wrong_call_is_an_error(
    store: WikiStore, version: int, params: dict[str, str], code: str
) -> None:
    document = answer(store, {"action": "query", "formatversion": str(version)} | params)
    assert document["error"]["code"] == code
    assert ("docref" if version == 2 and params.keys() != {"formatversion"} else "*") in document[
        "error"
    ]
    assert "query" not in document


def test_fifty_revisions_are_not_too_many(store: WikiStore) -> None:
    document = ask_revisions(store, 2, *range(1_000_001, 1_000_051), rvprop="ids")
    found = sum(len(page["revisions"]) for page in document["query"]["pages"])
    assert found + len(document["query"].get("badrevids", {})) == 50


def test_unknown_values_and_parameters_are_only_warned_of(store: WikiStore) -> None:
    document = ask(store, 2, revids="1000001", prop="revisions", rvprop="ids|foo|bar", baz="1")
    assert document["warnings"] == {
        "revisions": {"warnings": 'Unrecognized values for parameter "rvprop": foo, bar'},
        "main": {"warnings": "Unrecognized parameter: baz."},
    }
    assert only_revision(document)["revid"] == 1_000_001


def test_a_query_for_nothing_is_complete(store: WikiStore) -> None:
    assert ask(store, 1, prop="revisions", revids="") == {"batchcomplete": ""}
