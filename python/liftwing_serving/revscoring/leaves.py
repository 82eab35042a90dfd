"""Where the features' leaves get their values: from the fetched documents and nowhere else.

A leaf is a revscoring datasource with neither dependencies nor code, such as
`revision.parent.text`. The values are those that revscoring's own API extractor
(`revscoring.extractors.api`) finds under the same leaf, habits included: a hidden text, comment or
user is an error only when a feature reads it, everything but the id of a parent that a page's first
revision does not have is None, and `byte_length` is always None because the extractor looks it up
by a name that MediaWiki does not use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from revscoring.datasources import Datasource, revision_oriented
from revscoring.dependencies import Dependent, dig
from revscoring.dependencies.dependent import not_implemented
from revscoring.errors import (
    CommentDeleted,
    RevisionNotFound,
    TextDeleted,
    UserDeleted,
    UserNotFound,
)

from liftwing_serving.mediawiki import Documents, Gone, Needs, Revision, User

Reader = Callable[[Documents], Any]
revision = revision_oriented.revision


def _revision(documents: Documents) -> Revision:
    return documents.revision


def _parent(documents: Documents) -> Revision | None:
    if isinstance(documents.parent, Gone):
        raise RevisionNotFound(revision.parent, documents.revision.parent_id)
    return documents.parent


def _user_info(documents: Documents) -> User | None:
    """The account; None for an anonymous editor, whose user id is 0."""
    if _user_id(documents) == 0:
        return None
    if documents.user is None or isinstance(documents.user, Gone):
        raise UserNotFound(revision.user, documents.revision.user)
    return documents.user


def _user_id(documents: Documents) -> int:
    user_id = documents.revision.user_id
    return _deleted(UserDeleted, revision.user) if user_id is None else user_id


def _deleted(error: type[Exception], of: object) -> NoReturn:
    raise error(of)


def _field(of: Callable[[Documents], Any], name: str) -> Reader:
    """A field that is simply None when hidden."""

    def read(documents: Documents) -> Any:
        document = of(documents)
        return None if document is None else getattr(document, name)

    return read


def _hideable(of: Reader, name: str, error: type[Exception], what: object) -> Reader:
    """A field whose absence from an existing document is an error."""

    def read(documents: Documents) -> Any:
        document = of(documents)
        if document is None:
            return None
        value = getattr(document, name)
        return _deleted(error, what) if value is None else value

    return read


def _title(documents: Documents) -> str:
    page = documents.revision.page
    _, separator, rest = page.title.partition(":")
    return rest if page.namespace > 0 and separator else page.title


def _namespace_name(documents: Documents) -> str:
    page = documents.revision.page
    name, separator, _ = page.title.partition(":")
    return name if page.namespace > 0 and separator else ""


def _minor(documents: Documents) -> bool:
    """The extractor never asks for the flag, so to it no edit is minor."""
    return False


READERS: dict[Dependent, Reader] = {
    revision.id: _field(_revision, "rev_id"),
    revision.timestamp_str: _field(_revision, "timestamp"),
    revision.comment: _hideable(_revision, "comment", CommentDeleted, revision.comment),
    revision.byte_len: lambda documents: None,
    revision.minor: _minor,
    revision.content_model: _field(_revision, "content_model"),
    revision.text: _hideable(_revision, "text", TextDeleted, revision.text),
    revision.page.id: lambda documents: documents.revision.page.page_id,
    revision.page.title: _title,
    revision.page.namespace.id: lambda documents: documents.revision.page.namespace,
    revision.page.namespace.name: _namespace_name,
    revision.user.id: _user_id,
    revision.user.text: _hideable(_revision, "user", UserDeleted, revision.user),
    revision.user.info.editcount: _field(_user_info, "editcount"),
    revision.user.info.registration_str: _field(_user_info, "registration"),
    revision.user.info.groups: _field(_user_info, "groups"),
    revision.user.info.emailable: lambda documents: False,
    revision.user.info.gender: _field(_user_info, "gender"),
    revision.parent.id: _field(_revision, "parent_id"),
    revision.parent.timestamp_str: _field(_parent, "timestamp"),
    revision.parent.comment: _hideable(_parent, "comment", CommentDeleted, revision.parent.comment),
    revision.parent.byte_len: lambda documents: None,
    revision.parent.content_model: _field(_parent, "content_model"),
    revision.parent.text: _hideable(_parent, "text", TextDeleted, revision.parent.text),
    revision.parent.user.id: _hideable(_parent, "user_id", UserDeleted, revision.parent.user),
    revision.parent.user.text: _hideable(_parent, "user", UserDeleted, revision.parent.user),
}

PARENT_LEAVES = frozenset(leaf for leaf in READERS if leaf.name.startswith("revision.parent."))
USER_LEAVES = frozenset(leaf for leaf in READERS if leaf.name.startswith("revision.user.info."))


class LeafUnknown(Exception):
    """A model's features read something that this server does not fetch; the text names it."""


def leaves_of(features: Iterable[Dependent]) -> set[Dependent]:
    """The datasources at the bottom of the features.

    Raises LeafUnknown if one of them is not among READERS.
    """
    leaves = {leaf for leaf in dig(features) if leaf.process is not_implemented}
    unknown = sorted(str(leaf) for leaf in leaves if leaf not in READERS)
    if unknown:
        raise LeafUnknown(f"The model reads {', '.join(unknown)}, which is not fetched.")
    return leaves


def needs_of(leaves: set[Dependent]) -> Needs:
    """Which documents must be fetched beside the revision itself."""
    parent = (leaves & PARENT_LEAVES) - {revision.parent.id}
    return Needs(parent=bool(parent), user=bool(leaves & USER_LEAVES))


def context_for(leaves: set[Dependent], documents: Documents) -> dict[Dependent, Dependent]:
    """A context for revscoring's solver in which each leaf reads these documents.

    A context and not a cache of values, since a hidden field must be an error only if it is read:
    solving then raises revscoring's MissingResource. Raises KeyError for a leaf that `leaves_of`
    would refuse.
    """
    return {
        leaf: Datasource(leaf.name, lambda read=READERS[leaf]: read(documents)) for leaf in leaves
    }
