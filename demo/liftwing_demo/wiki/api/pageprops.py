"""prop=pageprops: the Wikidata items of pages."""

from typing import Any

from liftwing_demo.wiki.api.pageset import PageSet
from liftwing_demo.wiki.api.params import Params
from liftwing_demo.wiki.api.room import Room
from liftwing_demo.wiki.api.shape import Object
from liftwing_demo.wiki.store import WikiStore

MODULE = "pageprops"
ITEM = "wikibase_item"


def pageprops(
    store: WikiStore, params: Params, pages: PageSet, room: Room
) -> dict[int, dict[str, Any]]:
    """`{"pageprops": {"wikibase_item": ...}}` for each page that has one.

    Other properties this wiki has none of. Raises ApiError if there are too many names.
    """
    asked = params.many(MODULE, "ppprop")
    if asked and ITEM not in asked:
        return {}
    documents: dict[int, dict[str, Any]] = {}
    for page_id, page in sorted(pages.pages.items()):
        if page.item is not None:
            properties = Object({ITEM: page.item})
            room.take(properties)
            documents[page_id] = {"pageprops": properties}
    return documents
