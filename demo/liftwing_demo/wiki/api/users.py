"""list=users: what is known of some accounts."""

import re
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from liftwing_demo.wiki.api.params import ApiError, Params
from liftwing_demo.wiki.records import User
from liftwing_demo.wiki.store import WikiStore
from liftwing_demo.wiki.titles import BadTitle, Title, capital, parse_title

MODULE = "users"
PROPERTIES = ("groups", "implicitgroups", "editcount", "registration", "emailable", "gender")
AUTOCONFIRM_EDITS = 10
AUTOCONFIRM_AGE = timedelta(days=4)
USER_NAMESPACE = 2
_LIKE_ADDRESS = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.(?:xxx|[0-9]{1,3})")
_TROUBLESOME = re.compile("[\x80-\x9f\xa0\u2000-\u200f\u2028-\u202f\u3000\ue000-\uf8ff]")


def users(store: WikiStore, params: Params) -> list[dict[str, Any]]:
    """The accounts in the order asked for, after the names that cannot be names.

    Raises:
        ApiError: too many names or ids, or both.
    """
    properties = set(params.options(MODULE, "usprop", PROPERTIES))
    given = params.many(MODULE, "ususers")
    ids = params.integers(MODULE, "ususerids")
    if given is not None and ids is not None:
        raise ApiError(
            "invalidparammix",
            'The parameters "ususerids" and "ususers" can not be used together.',
        )
    return _of_ids(store, ids, properties) if ids else _of_names(store, given or [], properties)


def _of_ids(store: WikiStore, ids: list[int], properties: set[str]) -> list[dict[str, Any]]:
    found = store.users_of_ids(ids)
    now = store.meta()["now"]
    return [
        _user(found[id_], properties, now) if id_ in found else {"userid": id_, "missing": True}
        for id_ in ids
    ]


def _of_names(store: WikiStore, given: list[str], properties: set[str]) -> list[dict[str, Any]]:
    canonical = {name: canonical_name(name) for name in given}
    valid = [name for name in canonical.values() if name]
    found = store.users_named(list(dict.fromkeys(valid)))
    now = store.meta()["now"]
    invalid = [{"name": name, "invalid": True} for name, normal in canonical.items() if not normal]
    return invalid + [
        _user(found[name], properties, now) if name in found else {"name": name, "missing": True}
        for name in valid
    ]


def canonical_name(given: str) -> str | None:
    """The name as MediaWiki writes it, or None if no account can have it."""
    if "#" in given:
        return None
    try:
        title = parse_title(capital(given), USER_NAMESPACE)
        # A name must not be taken for anything else where no namespace is expected.
        plain = parse_title(title.name)
    except BadTitle:
        return None
    if title.namespace != USER_NAMESPACE or plain != Title(0, title.name):
        return None
    return title.name if _is_valid(title.name) else None


def _is_valid(name: str) -> bool:
    return not ("/" in name or _TROUBLESOME.search(name) or _is_address(name))


def implicit_groups(user: User, now: str) -> list[str]:
    """The groups everybody is in, and `autoconfirmed` for those who earned it by an ISO time."""
    groups = ["*", "user"]
    if user.edit_count >= AUTOCONFIRM_EDITS and _is_old_enough(user.registration, now):
        groups.append("autoconfirmed")
    return groups


def _user(user: User, properties: set[str], now: str) -> dict[str, Any]:
    document: dict[str, Any] = {"userid": user.user_id, "name": user.name}
    if "editcount" in properties:
        document["editcount"] = user.edit_count
    if "registration" in properties:
        document["registration"] = user.registration
    if "groups" in properties:
        document["groups"] = [*sorted(user.groups), *implicit_groups(user, now)]
    if "implicitgroups" in properties:
        document["implicitgroups"] = implicit_groups(user, now)
    if "emailable" in properties:
        document["emailable"] = user.emailable
    if "gender" in properties:
        document["gender"] = user.gender
    return document


def _is_old_enough(registration: str | None, now: str) -> bool:
    if registration is None:
        return True
    return datetime.fromisoformat(now) - datetime.fromisoformat(registration) >= AUTOCONFIRM_AGE


def _is_address(name: str) -> bool:
    if _LIKE_ADDRESS.fullmatch(name):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
