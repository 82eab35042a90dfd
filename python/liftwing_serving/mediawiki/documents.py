"""What MediaWiki says of a revision, as plain values that can cross a process boundary."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Gone(Enum):
    """Stands for a document that was asked for but that the wiki does not have."""

    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a revision. `title` includes the namespace's name."""

    page_id: int
    namespace: int
    title: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision; a field is None where the wiki hides it. `size` is in bytes; `parent_id` is 0
    where there is no parent, or the wiki tells of none.
    """

    rev_id: int
    parent_id: int
    page: Page
    timestamp: str | None
    user: str | None
    user_id: int | None
    size: int | None
    comment: str | None
    text: str | None
    content_model: str | None


@dataclass(frozen=True, slots=True)
class User:
    """An account; fields are None where the wiki does not say, as for a missing account.

    `registration` is of the form 2022-03-01T12:00:00Z.
    """

    name: str
    groups: list[str] | None
    registration: str | None
    editcount: int | None
    gender: str | None


@dataclass(frozen=True, slots=True)
class Documents:
    """Everything that the features of one revision are computed from.

    `parent` is None for a page's first revision and Gone if the wiki lost it; `user` is None for
    a hidden or anonymous one and Gone if the wiki does not list it. Both are None as well where
    the model's features do not read them.
    """

    revision: Revision
    parent: Revision | Gone | None = None
    user: User | Gone | None = None

    @property
    def bytes(self) -> int:
        """Size of revision and parent together, a measure of how heavy the work will be."""
        parent = self.parent.size if isinstance(self.parent, Revision) else 0
        return (self.revision.size or 0) + (parent or 0)


@dataclass(frozen=True, slots=True)
class Needs:
    """Which documents beside the revision itself a model's features read."""

    parent: bool = False
    user: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(self.parent or other.parent, self.user or other.user)
