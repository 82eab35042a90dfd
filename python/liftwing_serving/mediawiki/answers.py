"""From MediaWiki's JSON (formatversion 2) to documents. Pure functions of the answer.

Each raises UpstreamUnusable when the answer is not of the shape the API promises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

from liftwing_serving.documents import Page, Revision, User
from liftwing_serving.errors import UpstreamUnusable

T = TypeVar("T")

TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z")


def revisions_of(document: dict[str, Any]) -> dict[int, Revision]:
    """The revisions of a `prop=revisions` answer by id; `badrevids` are left out."""
    try:
        return {revision.rev_id: revision for revision in _revisions(document)}
    except (KeyError, TypeError, AttributeError) as error:
        raise UpstreamUnusable("MediaWiki's answer lacks fields of a revision.") from error


def missing_revisions_of(document: dict[str, Any]) -> set[int]:
    """The ids under `badrevids`: unknown or deleted revisions."""
    try:
        missing = document.get("query", {}).get("badrevids", {})
        # An object by id; but PHP makes a list of it if the ids happen to be 0, 1, ...
        entries = missing if isinstance(missing, list) else missing.values()
        return {int(entry["revid"]) for entry in entries}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UpstreamUnusable("MediaWiki's answer lists its missing revisions badly.") from error


def users_of(document: dict[str, Any]) -> dict[str, User]:
    """The accounts of a `list=users` answer by name; missing ones have nothing but a name."""
    try:
        return {user["name"]: _user(user) for user in document["query"]["users"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise UpstreamUnusable("MediaWiki's answer lacks fields of a user.") from error


def _revisions(document: dict[str, Any]) -> Iterator[Revision]:
    for page in document.get("query", {}).get("pages", []):
        if not page.get("revisions"):
            continue
        of = Page(
            page_id=_required(page, "pageid", int),
            namespace=_required(page, "ns", int),
            title=_required(page, "title", str),
        )
        for revision in page["revisions"]:
            yield _revision(revision, of)


def _revision(revision: dict[str, Any], page: Page) -> Revision:
    slot = revision.get("slots", {}).get("main", {})
    return Revision(
        rev_id=_required(revision, "revid", int),
        parent_id=_required(revision, "parentid", int),
        page=page,
        timestamp=_time(_required(revision, "timestamp", str)),
        user=_optional(revision, "user", str),
        user_id=_optional(revision, "userid", int),
        size=_optional(revision, "size", int),
        comment=_optional(revision, "comment", str),
        text=_optional(slot, "content", str),
        content_model=_optional(slot, "contentmodel", str),
    )


def _user(user: dict[str, Any]) -> User:
    groups = _optional(user, "groups", list)
    registration = _optional(user, "registration", str)
    return User(
        name=_required(user, "name", str),
        groups=None if groups is None else [_of_type(group, str) for group in groups],
        registration=None if registration is None else _time(registration),
        editcount=_optional(user, "editcount", int),
        gender=_optional(user, "gender", str),
    )


def _optional(document: dict[str, Any], name: str, kind: type[T]) -> T | None:
    value = document.get(name)
    return None if value is None else _of_type(value, kind)


def _required(document: dict[str, Any], name: str, kind: type[T]) -> T:
    return _of_type(document[name], kind)


def _of_type(value: Any, kind: type[T]) -> T:
    # Not isinstance: to Python `true` is an integer.
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected")
    return value


def _time(text: str) -> str:
    if not TIME.fullmatch(text):
        raise TypeError("a time expected")
    return text
