"""Asking MediaWikis: any query of any wiki, and the documents of revisions with few calls."""

from typing import TYPE_CHECKING

from liftwing_serving.faces import lazily

if TYPE_CHECKING:
    from liftwing_serving.mediawiki.api import Api, Wiki
    from liftwing_serving.mediawiki.documents import Documents, Gone, Needs, Page, Revision, User
    from liftwing_serving.mediawiki.links import Links, RevisionGone
    from liftwing_serving.mediawiki.revisions import Revisions

__all__ = [
    "Api",
    "Documents",
    "Gone",
    "Links",
    "Needs",
    "Page",
    "Revision",
    "RevisionGone",
    "Revisions",
    "User",
    "Wiki",
]

__getattr__ = lazily(
    __name__,
    {
        "api": ("Api", "Wiki"),
        "documents": ("Documents", "Gone", "Needs", "Page", "Revision", "User"),
        "links": ("Links", "RevisionGone"),
        "revisions": ("Revisions",),
    },
)
