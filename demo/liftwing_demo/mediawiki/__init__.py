"""The demo wiki in a real MediaWiki: installed, filled and served."""

from liftwing_demo.mediawiki.errors import MediaWikiError
from liftwing_demo.mediawiki.install import install_mediawiki, mediawiki_is_current
from liftwing_demo.mediawiki.packages import require_packages

__all__ = ["MediaWikiError", "install_mediawiki", "mediawiki_is_current", "require_packages"]
