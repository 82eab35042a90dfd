"""From MediaWiki's JSON (formatversion 2) to documents. Pure functions of the answer.

Each raises UpstreamUnusable when the answer is not of the shape the API promises.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from liftwing_serving.documents import Page, Revision, User
from liftwing_serving.errors import UpstreamUnusable


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
        of = Page(page_id=page["pageid"], namespace=page["ns"], title=page["title"])
        for revision in page["revisions"]:
            yield _revision(revision, of)


def _revision(revision: dict[str, Any], page: Page) -> Revision:
    slot = revision.get("slots", {}).get("main", {})
    return Revision(
        rev_id=revision["revid"],
        parent_id=revision["parentid"],
        page=page,
        timestamp=revision.get("timestamp"),
        user=revision.get("user"),
        user_id=revision.get("userid"),
        size=revision.get("size"),
        comment=revision.get("comment"),
        text=slot.get("content"),
        content_model=slot.get("contentmodel"),
    )


def _user(user: dict[str, Any]) -> User:
    return User(
        name=user["name"],
        groups=user.get("groups"),
        registration=user.get("registration"),
        editcount=user.get("editcount"),
        gender=user.get("gender"),
    )
