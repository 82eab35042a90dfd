"""A second demo wiki: a small Wikidata of made-up items, in the same kind of file."""

from liftwing_demo.items.build import build_items, items_are_current

__all__ = ["build_items", "items_are_current"]
