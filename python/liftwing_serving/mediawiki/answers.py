"""From MediaWiki's JSON to documents. Pure functions of an answer of the action API.

The answers are in formatversion 2 (https://www.mediawiki.org/wiki/API:JSON_version_2).
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from liftwing_serving.errors import UpstreamUnusable
from liftwing_serving.mediawiki.documents import Page, Revision, User

Time = Annotated[
    str, Field(pattern="^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z$")
]


class _Answer(BaseModel):
    # Strict: in JSON neither `true` nor "20" is an integer.
    model_config = ConfigDict(strict=True)


A = TypeVar("A", bound=_Answer)


class _Slot(_Answer):
    content: str | None = None
    contentmodel: str | None = None


class _Slots(_Answer):
    main: _Slot = _Slot()


class _Revision(_Answer):
    revid: int
    # MediaWiki leaves it out where its database has no rev_parent_id.
    parentid: int = 0
    timestamp: Time
    user: str | None = None
    userid: int | None = None
    size: int | None = None
    comment: str | None = None
    slots: _Slots = _Slots()


class _Page(_Answer):
    pageid: int
    ns: int
    title: str
    revisions: list[_Revision]


class _Account(_Answer):
    groups: list[str] | None = None
    registration: Time | None = None
    editcount: int | None = None
    gender: str | None = None

    def named(self, name: str) -> User:
        return User(name, self.groups, self.registration, self.editcount, self.gender)


class _UserOfName(_Account):
    name: str


class _UserOfId(_Account):
    userid: int
    name: str = ""


class _BadRevision(_Answer):
    revid: int


def _with_revisions(pages: object) -> object:
    """Leaves out pages that are only named, as for a missing revision."""
    if not isinstance(pages, list):
        return pages
    return [page for page in pages if not isinstance(page, dict) or page.get("revisions")]


class _RevisionsQuery(_Answer):
    pages: Annotated[list[_Page], BeforeValidator(_with_revisions)] = []
    # An object by id; but PHP makes a list of it if the ids happen to be 0, 1, ...
    badrevids: dict[str, _BadRevision] | list[_BadRevision] = []


class _UsersOfNames(_Answer):
    users: list[_UserOfName]


class _UsersOfIds(_Answer):
    users: list[_UserOfId]


class _Properties(_Answer):
    wikibase_item: str | None = None


class _LinkedPage(_Answer):
    pageprops: _Properties = _Properties()


class _LinksQuery(_Answer):
    pages: list[_LinkedPage] = []


class _LinksAnswer(_Answer):
    query: _LinksQuery = _LinksQuery()
    # Parameters to repeat the query with; MediaWiki has numbers among them.
    continuation: Annotated[dict[str, str | int], Field(alias="continue")] = {}


class _Link(_Answer):
    ns: int
    title: str
    exists: bool = False


class _Parse(_Answer):
    links: list[_Link]


class _ParseAnswer(_Answer):
    parse: _Parse


class _RevisionsAnswer(_Answer):
    query: _RevisionsQuery = _RevisionsQuery()


class _UsersOfNamesAnswer(_Answer):
    query: _UsersOfNames


class _UsersOfIdsAnswer(_Answer):
    query: _UsersOfIds


def revisions_of(document: dict[str, Any]) -> tuple[dict[int, Revision], set[int]]:
    """What a `prop=revisions` answer tells: revisions by id, and ids unknown or deleted.

    https://www.mediawiki.org/wiki/API:Revisions. Raises UpstreamUnusable if the answer is not of
    the form that the API promises.
    """
    query = _checked(_RevisionsAnswer, document, "lacks fields of a revision").query
    bad = query.badrevids
    found = {
        revision.revid: Revision(
            rev_id=revision.revid,
            parent_id=revision.parentid,
            page=Page(page.pageid, page.ns, page.title),
            timestamp=revision.timestamp,
            user=revision.user,
            user_id=revision.userid,
            size=revision.size,
            comment=revision.comment,
            text=revision.slots.main.content,
            content_model=revision.slots.main.contentmodel,
        )
        for page in query.pages
        for revision in page.revisions
    }
    return found, {entry.revid for entry in (bad.values() if isinstance(bad, dict) else bad)}


def users_of_names(document: dict[str, Any]) -> dict[str, User]:
    """The accounts of a `list=users` answer by name; missing ones have nothing but a name.

    https://www.mediawiki.org/wiki/API:Users. Raises UpstreamUnusable as `revisions_of` does.
    """
    users = _checked(_UsersOfNamesAnswer, document, "lacks fields of a user").query.users
    return {user.name: user.named(user.name) for user in users}


def users_of_ids(document: dict[str, Any]) -> dict[int, User]:
    """The accounts of such an answer by id; missing ones have no name either.

    Raises UpstreamUnusable.
    """
    users = _checked(_UsersOfIdsAnswer, document, "lacks fields of a user").query.users
    return {user.userid: user.named(user.name) for user in users}


def items_of(document: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """The Wikidata items of the pages in a `prop=pageprops` answer, in its order; and the
    parameters with which the query goes on, none if it is complete.

    https://www.mediawiki.org/wiki/API:Pageprops and https://www.mediawiki.org/wiki/API:Continue.
    Raises UpstreamUnusable as `revisions_of` does.
    """
    answer = _checked(_LinksAnswer, document, "lacks the properties of pages")
    items = (page.pageprops.wikibase_item for page in answer.query.pages)
    further = {name: str(value) for name, value in answer.continuation.items()}
    return [item for item in items if item], further


def linked_titles_of(document: dict[str, Any]) -> list[str]:
    """The titles of existing articles that an `action=parse&prop=links` answer names, in its order.

    https://www.mediawiki.org/wiki/API:Parsing_wikitext. Raises UpstreamUnusable as `revisions_of`
    does.
    """
    links = _checked(_ParseAnswer, document, "lacks the links of a revision").parse.links
    return [link.title for link in links if link.ns == 0 and link.exists]


def _checked(kind: type[A], document: dict[str, Any], trouble: str) -> A:
    try:
        return kind.model_validate(document)
    except ValidationError:
        # The error itself would repeat the answer.
        raise UpstreamUnusable(f"MediaWiki's answer {trouble}.") from None
