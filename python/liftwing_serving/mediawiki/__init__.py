"""An asynchronous client of the MediaWiki action API that shares calls between requests."""

from liftwing_serving.mediawiki.client import MediaWiki
from liftwing_serving.mediawiki.session import Wiki

__all__ = ["MediaWiki", "Wiki"]
