"""What MediaWiki 1.39 without extensions makes of wikitext, as far as links go."""

from liftwing_demo.wiki.parser.links import links_of

__all__ = ["links_of"]
