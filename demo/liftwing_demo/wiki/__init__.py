"""The demo wiki: articles, a made-up history over them, and an API to ask for it."""

from liftwing_demo.wiki.build import build_wiki, wiki_is_current
from liftwing_demo.wiki.store import WikiStore

__all__ = ["WikiStore", "build_wiki", "wiki_is_current"]
