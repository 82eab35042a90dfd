"""Calls of the action API that the embedded wiki must answer as MediaWiki does."""

from __future__ import annotations

from collections.abc import Iterator

from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.records import Revision

Query = dict[str, str]
SERVICE_RVPROP = "ids|timestamp|user|userid|size|comment|content|contentmodel"
EVERY_RVPROP = (
    "ids|flags|timestamp|user|userid|size|slotsize|sha1|slotsha1|contentmodel|comment|content"
    "|tags|roles"
)
EVERY_USPROP = "groups|implicitgroups|editcount|registration|emailable|gender"
ODD_NAMES = (
    *("meta>Someone", "192.0.2.7", "192.0.2.999", "2001:DB8::1", "2001:db8::1", "::1", "1.2.3.xxx"),
    *(
        "a/b",
        "",
        " ",
        "a#b",
        "#b",
        "a[b",
        "<b>",
        "x{y}",
        "tab\tname",
        "a\x01b",
        "%41bc",
        "100% Cotton",
    ),
    *("&amp;", "~~~", "nobody at all", "nobody_at_all", "_Ibex_", "ibex", "Ibex", "ɐbc", "ßbc"),
    *("x" * 235, "x" * 236, "x" * 255, "x" * 256, "ж" * 127, "ж" * 128, "a@b", "10.0.0.0/8"),
    *("User:Ibex", "user:ibex", "Talk:Ibex", ":Ibex", "Wikipedia:Ibex", "Special:X", "de:Ibex"),
    *("e\u0301lodie Vasseur", "Élodie Vasseur", "a\u200ebc", "a\u00a0b", "a\u3000b", "a  b", "."),
    *("..", "./a", "a/../b", "MediaWiki default", "Conversion script", "msg:double-redirect-fixer"),
    *(
        "\ufffd",
        "a|b",
        "𝒯𝒾",
        "İstanbul",
        "ǆ",
        "-1",
        "0",
        "1e3",
        "User talk:Ibex",
        "User:",
        "Media:X",
    ),
)


def queries(store: WikiStore, nasty: dict[str, list[int]]) -> dict[str, Query]:
    """Every call by a name that says what it is about; `format` and version are the caller's."""
    calls: dict[str, Query] = {}
    for part in (_of_revisions, _of_users):
        calls |= part(store, nasty)
    for plain in (_of_pages, _of_site, _wrong):
        calls |= plain()
    return calls


def batches(ids: list[int], size: int = 50) -> Iterator[list[int]]:
    """The ids in groups."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def by_id(ids: list[int]) -> Query:
    """A query for users by id, as the services make it where names are too long."""
    usprop = "groups|registration|editcount|gender"
    ususerids = "|".join(map(str, ids))
    return {"action": "query", "list": "users", "ususerids": ususerids, "usprop": usprop}


def revisions(ids: list[int], rvprop: str = SERVICE_RVPROP, **more: str) -> Query:
    """A query for revisions by id, by default the one the services make."""
    revids = "|".join(map(str, ids))
    query = {"action": "query", "prop": "revisions", "revids": revids, "rvprop": rvprop}
    return query | {"rvslots": "main"} | more


def users(names: list[str], usprop: str = "groups|registration|editcount|gender") -> Query:
    """A query for users by name, by default the one the services make."""
    ususers = "\x1f" + "\x1f".join(names)
    return {"action": "query", "list": "users", "ususers": ususers, "usprop": usprop}


def _of_revisions(store: WikiStore, nasty: dict[str, list[int]]) -> dict[str, Query]:
    calls: dict[str, Query] = {}
    known = {revision.rev_id: revision for revision in store.all_revisions()}
    for kind, ids in nasty.items():
        some = ids[:: max(1, len(ids) // 10)][:10]
        calls[f"{kind}, as the services ask"] = revisions(some)
        calls[f"{kind}, every property"] = revisions(some, EVERY_RVPROP)
        calls[f"{kind}, alone"] = revisions(ids[:1])
        calls[f"{kind}, legacy format"] = _without_slots(revisions(some[:3], EVERY_RVPROP))
        calls[f"{kind}, default properties"] = _without_slots(revisions(some), "rvprop")
        calls[f"{kind}, parents"] = revisions([known[id_].parent_id for id_ in some])
    for number, batch in enumerate(batches(sorted(known))):
        calls[f"batch {number} of the history"] = revisions(batch)
        calls[f"batch {number} of the history, backwards"] = revisions(batch[::-1], EVERY_RVPROP)
    return calls | _odd_revisions(sorted(known.values(), key=lambda revision: -revision.size))


def _odd_revisions(by_size: list[Revision]) -> dict[str, Query]:
    one = 1_000_001
    largest = [revision.rev_id for revision in by_size[:50]]
    middle = sorted(largest)[25]
    return {
        "more than one answer holds": revisions(largest),
        "more than one answer holds, every property": revisions(largest, EVERY_RVPROP),
        "more than one answer holds, legacy format": _without_slots(revisions(largest)),
        "the rest of an answer": revisions(largest, rvcontinue=str(middle), **{"continue": "||"}),
        "ids that cannot be": revisions([0, -1, -5, 2**31, 2**53, 2**63 - 1, one]),
        "ids that make a list": revisions([1, 0]),
        "ids with a list among them": revisions([0, one]),
        "only unknown ids": revisions([1, 2, 3]),
        "an id twice": revisions([one, one, 7, 7]),
        "unusual spellings": _without_slots(revisions([one]), revids=f"0{one}|+{one}| {one} |-0"),
        "every single property": revisions([one], "*"),
        "all slots": revisions([one], rvslots="*"),
        "no slots": revisions([one], rvslots=""),
        "an unknown slot": revisions([one], rvslots="main|other"),
        "an unknown property": revisions([one], "ids|foo"),
        "unknown properties": revisions([one], "ids|foo|bar|<b>"),
        "no property": revisions([one], ""),
        "empty revids": _without_slots(revisions([one]), revids=""),
        **{f"only {name}": revisions([one, 1_000_010], name) for name in EVERY_RVPROP.split("|")},
        **{
            f"only {name}, legacy format": _without_slots(revisions([one, 1_000_010], name))
            for name in EVERY_RVPROP.split("|")
        },
    }


def _without_slots(query: Query, *names: str, **more: str) -> Query:
    left_out = {"rvslots", *names}
    return {name: value for name, value in query.items() if name not in left_out} | more


def _of_users(store: WikiStore, nasty: dict[str, list[int]]) -> dict[str, Query]:
    names = [user.name for user in store.users()]
    editors = [revision.user_name for revision in store.all_revisions()]
    strangers = sorted(set(editors) - set(names))
    calls: dict[str, Query] = {}
    for number in range(0, len(names), 50):
        calls[f"accounts from {number}"] = users(names[number : number + 50])
        calls[f"accounts from {number}, every property"] = users(
            names[number : number + 50], EVERY_USPROP
        )
    for number in range(0, len(strangers), 50):
        calls[f"editors without account from {number}"] = users(strangers[number : number + 50])
    for name in ODD_NAMES:
        calls[f"user {name!r}"] = users([name])
        calls[f"user {name!r} with pipes"] = users([name]) | {"ususers": f"Ibex|{name}|Nobody"}
    for first in range(1, 1000, 50):
        calls[f"users by id from {first}"] = by_id(list(range(first, first + 50)))
    twice = ["Ibex", "ibex", "Nobody", "_nobody", "Ibex", "x>y", "Pilcrow", "x>y"]
    plain = {"action": "query", "list": "users"}
    return calls | {
        "names that are the same": users(twice),
        "odd names together": users(list(ODD_NAMES[:50]), EVERY_USPROP),
        "users without properties": plain | {"ususers": "Ibex|Nobody|x>y"},
        "users with an empty usprop": plain | {"ususers": "Ibex", "usprop": ""},
        "users with an unknown usprop": plain | {"ususers": "Ibex", "usprop": "gender|foo"},
        "users by id": by_id([3, 1, 2, 10**9, 3]),
        "a user's id that is none": plain | {"ususerids": "1|x"},
        "users by name and id": users(["Ibex"]) | {"ususerids": "1"},
        "no user ids": plain | {"ususerids": ""},
        "fifty-one user ids": by_id(list(range(1, 52))),
        "no users": plain,
        "empty ususers": plain | {"ususers": ""},
        "fifty users": plain | {"ususers": "|".join(names[:50])},
        "fifty-one users": plain | {"ususers": "|".join(names[:51])},
        "fifty-one times a user": plain | {"ususers": "|".join(["Ibex"] * 51)},
    }


def _of_pages() -> dict[str, Query]:
    latest = {"action": "query", "prop": "revisions", "rvslots": "main", "rvprop": "ids|content"}
    titles = {
        "titles": "Aardvark|Albedo",
        "titles to normalize": "aardvark|albedo_|_Albedo|Talk:nobody_knows|talk:nobody knows",
        "titles of namespaces": "user:Nobody|project:X|Wikipedia:x|Draft:x|image:X|draft talk:x",
        "titles that are missing": "Nobody knows|Nobody knows 2|Talk:Nobody",
        "titles that cannot be": "A[b|<b>|x{y|#z||a|Talk:",
        "titles with fragments": "Aardvark#Name|Albedo#x",
        "special titles": "Special:Version|Media:X.png",
        "a title twice": "Aardvark|Aardvark|aardvark",
        "fifty-one titles": "|".join(f"T{number}" for number in range(51)),
        "no titles": "",
    }
    calls = {name: latest | {"titles": value} for name, value in titles.items()}
    for value in ("39|680", "680|5|39|6", "5", "0|-1|39", "39|39", "0", "0|1", "x", "", str(2**63)):
        calls[f"pageids {value!r}"] = latest | {"pageids": value}
    return calls | {
        "pageids from no place": latest | {"pageids": "39", "rvcontinue": "39"},
        "no pageids from a place on": latest | {"rvcontinue": "39|1"},
        "pageids from a place on": latest | {"pageids": "39|680", "rvcontinue": "39|99999999"},
        "titles without a module": {"action": "query", "titles": "Aardvark|Nobody knows"},
        "revids without a module": {"action": "query", "revids": "1000001|5"},
        "pageids without a module": {"action": "query", "pageids": "39|5"},
    }


def _of_site() -> dict[str, Query]:
    site = {"action": "query", "meta": "siteinfo"}
    return {
        "siteinfo": site,
        "namespaces": site | {"siprop": "namespaces"},
        "siteinfo of two kinds": site | {"siprop": "namespaces|general"},
        "siteinfo of an unknown kind": site | {"siprop": "general|foo"},
        "all modules at once": revisions([1_000_001])
        | users(["Ibex"])
        | {"meta": "siteinfo", "siprop": "namespaces"},
    }


def _wrong() -> dict[str, Query]:
    one = revisions([1_000_001], "ids")
    return {
        "an unknown action": {"action": "nothing"},
        "an empty action": {"action": ""},
        "a query for nothing": {"action": "query"},
        "an unknown prop": one | {"prop": "revisions|nothing"},
        "only an unknown prop": one | {"prop": "nothing"},
        "an unknown list": one | {"list": "nothing|nobody"},
        "an unknown meta": one | {"meta": "nothing"},
        "unknown parameters": one | {"foo": "1", "bar": "2"},
        "an unknown parameter": one | {"foo": "1"},
        "a parameter of an absent module": one | {"ususers": "Ibex"},
        "parameters of absent modules": users(["Ibex"]) | {"rvprop": "ids", "siprop": "general"},
        "revids that are no numbers": one | {"revids": "12|x"},
        "revids with a fraction": one | {"revids": "1.0"},
        "revids with spaces": one | {"revids": "1 2"},
        "revids beyond all numbers": one | {"revids": "9" * 30},
        "revids with nothing between": one | {"revids": "1||2"},
        "fifty-one revids": one | {"revids": "|".join(map(str, range(51)))},
        "fifty-one times a revid": one | {"revids": "|".join(["1000001"] * 51)},
        "revids and titles": one | {"titles": "Aardvark"},
        "revids and pageids": one | {"pageids": "39"},
        "titles and pageids": {"action": "query", "titles": "Aardvark", "pageids": "39"},
        "three sources": one | {"titles": "Aardvark", "pageids": "39"},
        "revids and empty titles": one | {"titles": ""},
        "revids and rvlimit": one | {"rvlimit": "1"},
        "an unknown format version": one | {"formatversion": "9"},
        "the latest format version": one | {"formatversion": "latest"},
        "requestid": one | {"requestid": "abc"},
        "servedby": one | {"servedby": "1"},
        "utf8 and ascii": one | {"utf8": "1", "ascii": "1"},
        "continue": one | {"continue": ""},
        "maxage": one | {"maxage": "60", "smaxage": "60"},
    }
