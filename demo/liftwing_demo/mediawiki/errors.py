"""What can go wrong with a MediaWiki.

MediaWikiError
 ├ PackagesMissing
 ├ InstallFailed
 ├ ImportIncomplete
 └ CannotServe
"""


class MediaWikiError(Exception):
    """The base of the others; the text says why, and what to do where something can be done."""


class PackagesMissing(MediaWikiError):
    """MediaWiki is not installed on this machine and could not be."""


class InstallFailed(MediaWikiError):
    """One of MediaWiki's scripts failed."""


class ImportIncomplete(MediaWikiError):
    """The database does not hold what the dump had."""


class CannotServe(MediaWikiError):
    """The wiki cannot be served."""
